//go:build unix

package coredump

import "golang.org/x/sys/unix"

// limit sets the size of core dumps to nothing.
func limit() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
