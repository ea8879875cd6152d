package flyapi

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isLostSocket knows Winsock's numbers, which are not those of package syscall.
func isLostSocket(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED)
}
