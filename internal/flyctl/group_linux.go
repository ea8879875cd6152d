package flyctl

import "syscall"

// groupAttributes ask for a group of its own, and for a child that dies with
// the provider, also where that is killed.
func groupAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
