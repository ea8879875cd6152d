package fakefly

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lifespan bounds the life of a fake that no test ends.
const lifespan = 2 * time.Minute

// grandchildArg is the argument that marks the process that a fake leaves
// behind.
const grandchildArg = "fakefly-grandchild"

// Main is the fake flyctl if [Install] started the test binary as one. It then
// does not return. Otherwise it does nothing.
func Main() {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if name != "fly" && name != "flyctl" {
		return
	}
	folder := filepath.Dir(os.Args[0])
	data, err := os.ReadFile(filepath.Join(folder, behaviourFile))
	if err != nil {
		return
	}
	var b Behaviour
	if err := json.Unmarshal(data, &b); err != nil {
		broken(err)
	}
	// It waits for callers that check whether this process is alive.
	alive := flock.New(lockOf(folder, os.Getpid()))
	if err := alive.Lock(); err != nil {
		broken(err)
	}
	status := 1
	if len(os.Args) == 2 && os.Args[1] == grandchildArg {
		time.Sleep(lifespan)
	} else {
		status = b.run(folder)
	}
	// A garbage-collected lock would be released.
	runtime.KeepAlive(alive)
	os.Exit(status)
}

// broken reports a fault of the fake itself, with a status that flyctl does not
// use.
func broken(err error) {
	fmt.Fprintln(os.Stderr, "fakefly is broken:", err)
	os.Exit(99)
}

// lockOf returns the lock that the process with that number holds until it
// ends.
func lockOf(folder string, pid int) string {
	return filepath.Join(folder, runningDir, strconv.Itoa(pid)+".lock")
}

// locked reports whether a process holds the lock at path.
func locked(path string) (bool, error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	if err != nil || !free {
		return err == nil, err
	}
	return false, lock.Unlock()
}

// run carries out the behaviour and returns the exit status.
func (b Behaviour) run(folder string) int {
	if b.Grandchild {
		if err := leaveGrandchild(folder); err != nil {
			broken(err)
		}
	}
	if err := record(folder); err != nil {
		broken(err)
	}
	if len(os.Args) == 2 && os.Args[1] == "version" && !b.OtherProgram {
		fmt.Println("flyctl v0.4.87 linux/amd64 Commit: 0000000 BuildDate: 2026-08-21T00:00:00Z")
		return 0
	}
	printed, status := b.answer()
	if err := leaveLog(printed); err != nil {
		broken(err)
	}
	fmt.Fprint(os.Stderr, b.Stderr)
	time.Sleep(b.Delay)
	filler := bytes.Repeat([]byte("not a token\n"), 1000)
	for left := b.Flood; left > 0; left -= int64(len(filler)) {
		if _, err := os.Stdout.Write(filler[:min(left, int64(len(filler)))]); err != nil {
			return 1
		}
	}
	if b.Hang {
		time.Sleep(lifespan)
		return 1
	}
	if _, err := os.Stdout.WriteString(printed); err != nil {
		return 1
	}
	return status
}

// answer returns the output on stdout and the exit status.
func (b Behaviour) answer() (stdout string, status int) {
	if b.Stdout != "" || b.Mute || b.Status != 0 || b.Flood > 0 {
		return b.Stdout, b.Status
	}
	printed, fail := b.mint(os.Args[1:])
	if fail != nil {
		fmt.Fprint(os.Stderr, fail.Stderr)
		return fail.Stdout, fail.Status
	}
	return printed, 0
}

// leaveGrandchild starts a process that inherits this process's output and
// outlives it.
func leaveGrandchild(folder string) error {
	cmd := exec.CommandContext(context.Background(), os.Args[0], grandchildArg)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	for range 1000 {
		if up, err := locked(lockOf(folder, cmd.Process.Pid)); err == nil && up {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("process %d did not start", cmd.Process.Pid)
}

// leaveLog writes the output to a log in the configuration folder, as every
// flyctl before September 2026 does.
func leaveLog(printed string) error {
	dir := os.Getenv("FLY_CONFIG_DIR")
	if dir == "" {
		return nil
	}
	logs := filepath.Join(dir, "logs")
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(logs, fmt.Sprintf("flyctl-%d.log", os.Getpid())), []byte(printed), 0o644)
}
