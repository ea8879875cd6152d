// Package daemon runs servers for tests as separate processes, and makes their
// certificates.
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

// startWait bounds the start of a server, even on a busy machine.
const startWait = time.Minute

// Process is a server that runs until it is stopped or its test ends.
type Process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
	log   *buffer
	done  chan struct{}
}

// Start starts the program with the given arguments, and env added to the
// environment of the test's process.
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

// Line returns the first line that the server prints, when it is ready.
func (p *Process) Line(tb testing.TB) []byte {
	tb.Helper()
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		tb.Fatalf("the server ended before it was ready: %v\n%s", err, p.log)
	}
	p.drain()
	return line
}

// Answers waits until a server accepts connections at addr. It returns false if
// the process ended before.
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

// drain reads the further output of the server, so that it never waits for a
// reader, and detects its end.
func (p *Process) drain() {
	go func() {
		defer close(p.done)
		_, _ = io.Copy(p.log, p.out)
	}()
}

// Stop kills the process and waits for its end. Unfinished work is lost, as in
// a crash.
func (p *Process) Stop() {
	_ = p.cmd.Process.Kill()
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
}

// Log returns the server's output.
func (p *Process) Log() string { return p.log.String() }

// Address returns a free loopback address.
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

// buffer is a log that can be read during writes.
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
