//go:build !darwin && !freebsd && !linux

package provider_test

// holdStateLock does nothing where no test needs it.
func holdStateLock() {}
