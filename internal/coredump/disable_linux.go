package coredump

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Disable makes this process undumpable. It leaves no core dump, and
// unprivileged processes cannot read its memory or attach a debugger. Programs
// that it starts leave no core dump either.
func Disable() error {
	return errors.Join(limit(), unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
}
