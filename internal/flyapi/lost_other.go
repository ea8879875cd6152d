//go:build !windows

package flyapi

// isLostSocket has nothing to add where sockets fail with the numbers of errno.
func isLostSocket(error) bool { return false }
