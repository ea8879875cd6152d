//go:build unix && !linux

package flyctl

import "syscall"

// groupAttributes ask for a group of its own.
func groupAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
