//go:build !darwin && !freebsd && !linux

package provider

// lockedFile identifies nothing, because this system does not report the holder
// of a lock.
func lockedFile(string, int) string { return "" }
