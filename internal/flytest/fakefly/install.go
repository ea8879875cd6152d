package fakefly

import (
	"cmp"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The names of what lies in a fake's folder.
const (
	behaviourFile = "behaviour.json"
	callsDir      = "calls"
	runningDir    = "running"
)

// Fake is a folder with a fake flyctl in it.
type Fake struct {
	tb   testing.TB
	dir  string
	path string
}

// Install makes a folder, removed with the test, that holds a fake named fly
// which behaves as told.
func Install(tb testing.TB, b Behaviour) *Fake {
	tb.Helper()
	return InstallAs(tb, "fly", b)
}

// InstallAs is [Install] for a fake of another name: fly or flyctl.
func InstallAs(tb testing.TB, name string, b Behaviour) *Fake {
	tb.Helper()
	dir := tb.TempDir()
	f := &Fake{tb: tb, dir: dir, path: filepath.Join(dir, name)}
	if runtime.GOOS == "windows" {
		f.path += ".exe"
	}
	for _, sub := range []string{callsDir, runningDir} {
		f.must(os.Mkdir(filepath.Join(dir, sub), 0o700))
	}
	f.Set(b)
	self, err := os.Executable()
	f.must(err)
	// A link, because a program that was written just now may still be open in
	// a child of another test, and then does not start ("text file busy").
	if err := os.Symlink(self, f.path); err != nil {
		f.must(copyFile(self, f.path))
	}
	tb.Cleanup(f.EndAll)
	return f
}

// Set has the fake behave as told from its next call on.
func (f *Fake) Set(b Behaviour) {
	f.tb.Helper()
	data, err := json.Marshal(b)
	f.must(err)
	f.must(writeWhole(filepath.Join(f.dir, behaviourFile), data))
}

// Path is the fake itself.
func (f *Fake) Path() string { return f.path }

// Dir is the folder of the fake, fit to be a PATH.
func (f *Fake) Dir() string { return f.dir }

// Calls returns what is known of each call so far, the first first. A call
// counts from when it begins.
func (f *Fake) Calls() []Call {
	f.tb.Helper()
	files, err := filepath.Glob(filepath.Join(f.dir, callsDir, "*.json"))
	f.must(err)
	calls := make([]Call, 0, len(files))
	for _, file := range files {
		data, err := os.ReadFile(file)
		f.must(err)
		var c Call
		f.must(json.Unmarshal(data, &c))
		calls = append(calls, c)
	}
	slices.SortFunc(calls, func(a, b Call) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.PID, b.PID))
	})
	return calls
}

// Running returns how many processes of the fake are alive, those included that
// it left behind.
func (f *Fake) Running() int {
	f.tb.Helper()
	return len(f.alive())
}

// EndAll kills the processes of the fake that are alive, and waits until they
// are gone. It is also done when the test ends.
func (f *Fake) EndAll() {
	f.tb.Helper()
	pids := f.alive()
	for _, pid := range pids {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill()
		}
	}
	for range 1000 {
		if len(pids) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
		pids = f.alive()
	}
	f.tb.Errorf("fakefly: processes %v do not end", pids)
}

// alive returns the numbers of the processes that hold their locks. The system
// takes the lock from a process that dies, also where nobody waits for it and
// its number stays in use.
func (f *Fake) alive() []int {
	f.tb.Helper()
	files, err := filepath.Glob(filepath.Join(f.dir, runningDir, "*.lock"))
	f.must(err)
	var pids []int
	for _, file := range files {
		up, err := locked(file)
		f.must(err)
		if !up {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".lock"))
		f.must(err)
		pids = append(pids, pid)
	}
	return pids
}

func (f *Fake) must(err error) {
	f.tb.Helper()
	if err != nil {
		f.tb.Fatal("fakefly: ", err)
	}
}

// writeWhole writes a file that is whole from the moment it has its name.
func writeWhole(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	return err
}
