package dir_test

import (
	"errors"

	"golang.org/x/sys/windows"
)

// full is what a disk says that has no room left.
var full error = windows.ERROR_DISK_FULL

// stranger is a part that other systems' tests have.
func stranger(string) error { return errors.ErrUnsupported }
