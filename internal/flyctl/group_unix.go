//go:build unix

package flyctl

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// group is a process group whose leader is the command.
type group struct{ cmd *exec.Cmd }

// newGroup prepares cmd, which has not been started, to lead a group.
func newGroup(cmd *exec.Cmd) (*group, error) {
	cmd.SysProcAttr = groupAttributes()
	return &group{cmd: cmd}, nil
}

// adopt is called after the command has started. Its group exists by then.
func (*group) adopt() error { return nil }

// kill ends every process of the group. It returns os.ErrProcessDone if there
// is none. macOS reports this as EPERM until Wait has been called for the
// leader.
func (g *group) kill() error {
	err := syscall.Kill(-g.cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EPERM) {
		return os.ErrProcessDone
	}
	return err
}

func (*group) close() {}

func isBadFormat(err error) bool { return errors.Is(err, syscall.ENOEXEC) }
