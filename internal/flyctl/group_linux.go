package flyctl

import "syscall"

// groupAttributes request a separate group, and a child that the kernel kills
// when the provider ends.
func groupAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
