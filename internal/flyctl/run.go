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
	// maxOutput bounds the kept part of stdout, and of stderr, in bytes. A
	// token is 600 to 1,100 bytes long.
	maxOutput = 64 << 10
	// drain bounds the wait for the output of an ended process while a process
	// that it started still holds it open.
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
	// deadline ends the run after the timeout, like [context.WithTimeoutCause].
	deadline deadline
}

// deadline is the type of [context.WithTimeoutCause].
type deadline func(context.Context, time.Duration, error) (context.Context, context.CancelFunc)

// output is the result of a run that ended by itself.
type output struct {
	stdout []byte
	stderr []byte
	// status is the exit status, -1 if a signal ended it.
	status int
}

// run starts c and waits until c and every process that it started have ended.
// It ends them when ctx ends or c.timeout has passed. The error is the
// context's if the caller gave up. Otherwise it is a [*token.MissError]: the
// program could not be started or had to be stopped.
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
	// ErrWaitDelay: it ended well, but a process that it started held its
	// output open.
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return output{}, unstartable(c.program, err)
	}
	return output{stdout: stdout.bytes(), stderr: stderr.bytes(), status: cmd.ProcessState.ExitCode()}, nil
}

// runGroup runs cmd in a separate process group and ends the whole group when
// cmd ends, for any reason.
func runGroup(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		// Linux kills the child when the thread that started it ends, so the
		// thread must live until the child has ended.
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

func stopped(cause error, timeout time.Duration) error {
	switch {
	case errors.Is(cause, errTimeout) || errors.Is(cause, context.DeadlineExceeded):
		return uncertain(&token.MissError{
			Reason:    fmt.Sprintf("flyctl did not finish within %s and was stopped", timeout),
			Fix:       "check the network, or raise cli.timeout",
			Temporary: true,
			Cause:     cause,
		})
	case errors.Is(cause, errFlood):
		return uncertain(&token.MissError{
			Reason: fmt.Sprintf("flyctl printed something that is not a token (more than %d bytes) and was stopped", maxOutput),
			Fix:    "check that cli.path is flyctl",
			Cause:  cause,
		})
	default:
		return fmt.Errorf("flyctl: run: %w", cause)
	}
}

func unstartable(program string, err error) error {
	miss := &token.MissError{Fix: "check that cli.path is flyctl, built for this system", Cause: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		miss.Reason = program + " is not executable"
	case errors.Is(err, fs.ErrNotExist):
		miss.Reason = program + ", or a file that it needs to run, was not found"
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
