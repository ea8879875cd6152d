package dir_test

import (
	"errors"

	"golang.org/x/sys/windows"
)

// full is the error of a full disk.
var full error = windows.ERROR_DISK_FULL

// stranger is a role in the tests of other systems.
func stranger(string) error { return errors.ErrUnsupported }
