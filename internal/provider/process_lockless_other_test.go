//go:build !linux

package provider_test

// execWithoutLocks does nothing where calls cannot be made to fail.
func execWithoutLocks() {}
