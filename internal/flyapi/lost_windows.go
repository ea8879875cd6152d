package flyapi

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isLostSocket compares err with Winsock's error numbers, which differ from
// those of package syscall.
func isLostSocket(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED)
}
