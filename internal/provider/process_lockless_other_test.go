//go:build !linux

package provider_test

// execWithoutLocks does nothing on systems where calls cannot be made to fail.
func execWithoutLocks() {}
