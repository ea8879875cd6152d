//go:build !windows

package flyapi

// isLostSocket adds nothing, because sockets of this system fail with errno
// values.
func isLostSocket(error) bool { return false }
