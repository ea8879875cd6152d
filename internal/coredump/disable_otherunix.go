//go:build unix && !linux

package coredump

// Disable prevents core dumps of this process and of the programs that it
// starts.
func Disable() error { return limit() }
