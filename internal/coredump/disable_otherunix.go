//go:build unix && !linux

package coredump

// Disable makes sure that this process, and the programs that it starts, leave no
// core dump.
func Disable() error { return limit() }
