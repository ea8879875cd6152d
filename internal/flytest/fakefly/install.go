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

// The names of the files in a fake's folder.
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

// Install makes a folder with a fake named fly and this behaviour. The folder
// is removed with the test.
func Install(tb testing.TB, b Behaviour) *Fake {
	tb.Helper()
	return InstallAs(tb, "fly", b)
}

// InstallAs is [Install] for a fake with this name: fly or flyctl.
func InstallAs(tb testing.TB, name string, b Behaviour) *Fake {
	tb.Helper()
	f := &Fake{tb: tb, dir: tb.TempDir()}
	self, err := os.Executable()
	f.must(err)
	f.path, err = LayOut(f.dir, self, name, b)
	f.must(err)
	tb.Cleanup(f.EndAll)
	return f
}

// LayOut is [InstallAs] for a program that is not a test. It makes dir the
// folder of a fake, and returns the fake's path. The program at the given path
// is the fake; its main calls [Main]. The errors are those of the files.
func LayOut(dir, program, name string, b Behaviour) (path string, err error) {
	path = filepath.Join(dir, name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	for _, sub := range []string{callsDir, runningDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return "", err
		}
	}
	if err := setBehaviour(dir, b); err != nil {
		return "", err
	}
	// A link, because a new program may still be open in a child of another
	// test, and then does not start ("text file busy").
	if err := os.Symlink(program, path); err != nil {
		return path, copyFile(program, path)
	}
	return path, nil
}

func setBehaviour(dir string, b Behaviour) error {
	data, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, behaviourFile), data)
}

// Set changes the behaviour from the next call on.
func (f *Fake) Set(b Behaviour) {
	f.tb.Helper()
	f.must(setBehaviour(f.dir, b))
}

// Path returns the path of the fake.
func (f *Fake) Path() string { return f.path }

// Dir returns the folder of the fake, usable as a PATH.
func (f *Fake) Dir() string { return f.dir }

// Calls returns the calls so far, in order. A call counts from its start.
func (f *Fake) Calls() []Call {
	f.tb.Helper()
	calls, err := CallsIn(f.dir)
	f.must(err)
	return calls
}

// CallsIn is [Fake.Calls] for a folder of [LayOut]. The errors are those of the
// files.
func CallsIn(dir string) ([]Call, error) {
	files, err := filepath.Glob(filepath.Join(dir, callsDir, "*.json"))
	if err != nil {
		return nil, err
	}
	calls := make([]Call, 0, len(files))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var c Call
		if err := json.Unmarshal(data, &c); err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	slices.SortFunc(calls, func(a, b Call) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.PID, b.PID))
	})
	return calls, nil
}

// Running returns the number of live processes of the fake, including those
// that it left behind.
func (f *Fake) Running() int {
	f.tb.Helper()
	return len(f.alive())
}

// EndAll kills the live processes of the fake and waits until they have ended.
// It also runs when the test ends.
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
// frees the lock of an ended process, even if its parent does not wait for it
// and its number stays in use.
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

// writeWhole writes a file atomically.
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
