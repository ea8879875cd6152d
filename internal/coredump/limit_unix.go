//go:build unix

package coredump

import "golang.org/x/sys/unix"

// limit sets the maximum size of core dumps to zero.
func limit() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
