//go:build unix && !linux

package flyctl

import "syscall"

// groupAttributes request a separate group.
func groupAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
