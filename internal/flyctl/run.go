package flyctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// maxOutput bounds what is kept of stdout, and of stderr, in bytes. A token
	// is 600 to 1,100 bytes long.
	maxOutput = 64 << 10
	// drain is how long the output of a process that has ended is waited for
	// when a process that it started still holds it open.
	drain = 500 * time.Millisecond
)

var (
	errTimeout = errors.New("flyctl did not finish in time")
	errFlood   = errors.New("flyctl printed too much")
)

// command is one run of flyctl.
type command struct {
	program string
	args    []string
	dir     string
	environ []string
	timeout time.Duration
	// deadline ends the run after the timeout, as [context.WithTimeoutCause] does.
	deadline deadline
}

// deadline is the form of [context.WithTimeoutCause].
type deadline func(context.Context, time.Duration, error) (context.Context, context.CancelFunc)

// output is what a run that ended by itself left behind.
type output struct {
	stdout []byte
	stderr []byte
	// status is the exit status, -1 where a signal ended it.
	status int
}

// run starts c and waits until it and all it started are gone, which they are at
// the latest when ctx ends or c.timeout is over. The error is a
// [*token.MissError] for a program that could not be started or had to be
// stopped, and the context's where the caller gave up.
func run(ctx context.Context, c command) (output, error) {
	ctx, cancelTimeout := c.deadline(ctx, c.timeout, errTimeout)
	defer cancelTimeout()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	stdout := &capped{overflow: func() { cancel(errFlood) }}
	stderr := &capped{}
	cmd := exec.CommandContext(ctx, c.program, c.args...) //nolint:gosec // G204: the program is the user's choice, and the arguments are validated names
	cmd.Dir, cmd.Env = c.dir, c.environ
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = drain

	err := runGroup(cmd)
	if cause := context.Cause(ctx); cause != nil {
		return output{}, stopped(cause, c.timeout)
	}
	var exit *exec.ExitError
	// ErrWaitDelay: it ended well, and something it started held its output.
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return output{}, unstartable(c.program, err)
	}
	return output{stdout: stdout.bytes(), stderr: stderr.bytes(), status: cmd.ProcessState.ExitCode()}, nil
}

// runGroup runs cmd in a process group of its own and ends the whole group with
// it, whichever way it ends.
func runGroup(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		// Linux kills the child when the thread that started it ends, so the
		// thread has to stay until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		g, err := newGroup(cmd)
		if err != nil {
			done <- err
			return
		}
		defer g.close()
		cmd.Cancel = g.kill
		if err := cmd.Start(); err != nil {
			done <- err
			return
		}
		if err := g.adopt(); err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			done <- err
			return
		}
		err = cmd.Wait()
		_ = g.kill()
		done <- err
	}()
	return <-done
}

// stopped says why a run was ended before it ended by itself.
func stopped(cause error, timeout time.Duration) error {
	switch {
	case errors.Is(cause, errTimeout) || errors.Is(cause, context.DeadlineExceeded):
		return &token.MissError{
			Reason:    fmt.Sprintf("flyctl did not finish within %s and was stopped", timeout),
			Fix:       "check the network, or raise cli.timeout",
			Temporary: true,
			Cause:     cause,
		}
	case errors.Is(cause, errFlood):
		return &token.MissError{
			Reason: fmt.Sprintf("flyctl printed something that is not a token (more than %d bytes) and was stopped", maxOutput),
			Fix:    "check that cli.path is flyctl",
			Cause:  cause,
		}
	default:
		return fmt.Errorf("flyctl: run: %w", cause)
	}
}

// unstartable says why program did not start.
func unstartable(program string, err error) error {
	miss := &token.MissError{Fix: "check that cli.path is flyctl, and made for this system", Cause: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		miss.Reason = program + " is not executable"
	case errors.Is(err, fs.ErrNotExist):
		miss.Reason = program + ", or what it needs to run, is not there"
	case isBadFormat(err):
		miss.Reason = program + " is not a program for this system"
	default:
		miss.Reason, miss.Temporary = "cannot start "+program, true
		var errno syscall.Errno
		if errors.As(err, &errno) {
			miss.Reason += ": " + errno.Error()
		}
	}
	return miss
}
