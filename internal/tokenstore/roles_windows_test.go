package tokenstore_test

import "golang.org/x/sys/windows"

// full is what a disk says that has no room left.
var full error = windows.ERROR_DISK_FULL

func platformRoles() map[string]role { return nil }
