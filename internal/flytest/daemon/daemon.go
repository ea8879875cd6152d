// Package daemon runs the servers that tests need as processes of their own, and
// makes the certificates that they answer with.
package daemon

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// startWait bounds how long a server takes until it answers, also on a machine
// that is busy.
const startWait = time.Minute

// Process is a server that runs until it is stopped or its test ends.
type Process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
	log   *buffer
	done  chan struct{}
}

// Start starts the program with the given arguments, and env added to what the
// test's process has.
func Start(tb testing.TB, program string, args, env []string) *Process {
	tb.Helper()
	p := &Process{log: &buffer{}, done: make(chan struct{})}
	// The test's context ends before its cleanup, which stops the process.
	p.cmd = exec.CommandContext(context.WithoutCancel(tb.Context()), program, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.log
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	p.stdin, p.out = stdin, bufio.NewReader(stdout)
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Stop)
	return p
}

// Line returns the first line that the server prints, which says that it is
// ready.
func (p *Process) Line(tb testing.TB) []byte {
	tb.Helper()
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		tb.Fatalf("the server ended before it was ready: %v\n%s", err, p.log)
	}
	p.drain()
	return line
}

// Answers waits until something accepts connections at addr, and reports whether
// it did before the process ended.
func (p *Process) Answers(tb testing.TB, addr string) bool {
	tb.Helper()
	p.drain()
	var dialer net.Dialer
	for deadline := time.Now().Add(startWait); time.Now().Before(deadline); {
		conn, err := dialer.DialContext(tb.Context(), "tcp", addr)
		if err == nil {
			_ = conn.Close()
			return true
		}
		select {
		case <-p.done:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	tb.Fatalf("no answer at %s\n%s", addr, p.log)
	return false
}

// drain reads what the server prints from here on, so that it never waits for a
// reader, and notices its end.
func (p *Process) drain() {
	go func() {
		defer close(p.done)
		_, _ = io.Copy(p.log, p.out)
	}()
}

// Stop kills the process and waits for its end. What it was doing is lost, as in
// a crash.
func (p *Process) Stop() {
	_ = p.cmd.Process.Kill()
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
}

// Log returns what the server printed.
func (p *Process) Log() string { return p.log.String() }

// Address returns a loopback address that nothing listens on.
func Address(tb testing.TB) string {
	tb.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		tb.Fatal(err)
	}
	return addr
}

// buffer is a log that is read while it is written.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
