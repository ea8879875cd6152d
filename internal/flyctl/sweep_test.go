package flyctl

import (
	"context"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// This file is in the package itself to see the end of a sweep. A run of flyctl
// does not wait for it.

// logName is a log of flyctl's in a run's folder.
var logName = filepath.Join(workName, "logs", "flyctl.log")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// grow sets a folder's time back by age.
func grow(t *testing.T, path string, age time.Duration) {
	t.Helper()
	then := time.Now().Add(-age)
	must(t, os.Chtimes(path, then, then))
}

// leave makes the folder that a killed provider leaves, old enough to be
// removed, with these files in it.
func leave(t *testing.T, parent, name string, files ...string) string {
	t.Helper()
	path := filepath.Join(parent, name)
	must(t, os.Mkdir(path, 0o700))
	if info, err := os.Lstat(path); err != nil || !isOurs(path, info) {
		t.Skip("this user's folders belong to the administrators: an elevated process on Windows")
	}
	for _, file := range files {
		file = filepath.Join(path, file)
		must(t, os.MkdirAll(filepath.Dir(file), 0o700))
		must(t, os.WriteFile(file, []byte("a token"), 0o600))
	}
	grow(t, path, leftAge+time.Minute)
	return path
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestSweepRemovesWhatIsLeft(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{
		"with a log":       {lockName, logName},
		"before flyctl":    {lockName},
		"removed halfway":  nil,
		"with many things": {lockName, logName, filepath.Join(workName, "config.yml"), filepath.Join(workName, "lock")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			leave(t, temp, folderPrefix+"123", files...)
			sweep(t.Context(), temp)
			if left := names(t, temp); left != nil {
				t.Errorf("%q are left", left)
			}
		})
	}
}

func TestSweepLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, temp string){
		"a young folder": func(t *testing.T, temp string) {
			grow(t, leave(t, temp, folderPrefix+"123", lockName, logName), leftAge-time.Minute)
		},
		"one from the future": func(t *testing.T, temp string) {
			grow(t, leave(t, temp, folderPrefix+"123", lockName, logName), -24*time.Hour)
		},
		"one that is locked": func(t *testing.T, temp string) {
			lock := lockOf(leave(t, temp, folderPrefix+"123", lockName, logName))
			if ok, err := lock.TryLock(); err != nil || !ok {
				t.Fatalf("the lock: %v, %v", ok, err)
			}
			t.Cleanup(func() { must(t, lock.Close()) })
		},
		"one without a lock":      func(t *testing.T, temp string) { leave(t, temp, folderPrefix+"123", logName) },
		"one with other things":   func(t *testing.T, temp string) { leave(t, temp, folderPrefix+"123", lockName, "main.go") },
		"one with another lock":   func(t *testing.T, temp string) { leave(t, temp, folderPrefix+"123", filepath.Join(lockName, "x")) },
		"one with another flyctl": func(t *testing.T, temp string) { leave(t, temp, folderPrefix+"123", lockName, workName) },
		"another name":            func(t *testing.T, temp string) { leave(t, temp, folderPrefix+"fork", lockName, logName) },
		"no number":               func(t *testing.T, temp string) { leave(t, temp, folderPrefix, lockName, logName) },
		"a longer name":           func(t *testing.T, temp string) { leave(t, temp, "x"+folderPrefix+"123", lockName, logName) },
		"a file": func(t *testing.T, temp string) {
			must(t, os.WriteFile(filepath.Join(temp, folderPrefix+"123"), nil, 0o600))
			grow(t, filepath.Join(temp, folderPrefix+"123"), leftAge+time.Minute)
		},
	}
	maps.Copy(tests, systemTests())
	for name, setUp := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			setUp(t, temp)
			before := tree(t, temp)
			sweep(t.Context(), temp)
			if diff := cmp.Diff(before, tree(t, temp)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// tree lists every path below dir.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	}))
	return all
}

func TestSweepIsBounded(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	for i := range maxSwept + 1 {
		leave(t, temp, folderPrefix+strconv.Itoa(i), lockName)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	sweep(ended, temp)
	if left := len(names(t, temp)); left != maxSwept+1 {
		t.Errorf("%d folders are left by a sweep that has no time", left)
	}
	sweep(t.Context(), temp)
	if left := len(names(t, temp)); left != 1 {
		t.Errorf("%d folders are left, want 1", left)
	}
	sweep(t.Context(), filepath.Join(temp, "missing"))
}

// holder is the variable that makes a process of this test binary the provider
// of [TestProviderThatIsKilledIsSweptAfter], with the parent of its folder for a
// value.
const holder = "FLYCTL_TEST_HOLDER"

func TestProviderThatIsKilledIsSweptAfter(t *testing.T) {
	t.Parallel()
	if parent := os.Getenv(holder); parent != "" {
		f, err := makeFolder(parent)
		must(t, err)
		must(t, os.MkdirAll(filepath.Join(f.path, filepath.Dir(logName)), 0o700))
		must(t, os.WriteFile(filepath.Join(f.path, logName), []byte("a token"), 0o600))
		_, _ = os.Stdout.WriteString("held")
		_, _ = io.Copy(io.Discard, os.Stdin)
		f.release()
		return
	}
	temp := t.TempDir()
	dead := leave(t, temp, folderPrefix+"1", lockName, logName)
	provider := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	provider.Env = append(os.Environ(), holder+"="+temp)
	stdin, err := provider.StdinPipe()
	must(t, err)
	stdout, err := provider.StdoutPipe()
	must(t, err)
	must(t, provider.Start())
	t.Cleanup(func() { _ = stdin.Close(); _ = provider.Process.Kill(); _ = provider.Wait() })
	_, err = io.ReadFull(stdout, make([]byte, len("held")))
	must(t, err)
	held := slices.DeleteFunc(names(t, temp), func(name string) bool { return name == filepath.Base(dead) })
	if len(held) != 1 {
		t.Fatalf("%q are there, want the folder that is held", held)
	}
	grow(t, filepath.Join(temp, held[0]), 24*time.Hour)

	sweep(t.Context(), temp)
	want := []string{".", held[0], held[0] + "/" + workName, held[0] + "/" + workName + "/logs", held[0] + "/" + filepath.ToSlash(logName), held[0] + "/" + lockName}
	if diff := cmp.Diff(want, tree(t, temp)); diff != "" {
		t.Errorf("while its provider lives:\n%s", diff)
	}

	must(t, provider.Process.Kill())
	_ = provider.Wait()
	src := New(Options{
		Path:     fakefly.Install(t, fakefly.Behaviour{}).Path(),
		Timeout:  time.Minute,
		TokenTTL: time.Hour,
		Login:    func(context.Context) (token.Token, error) { return token.Parse("fo1_user") },
		Environ:  os.Environ(),
		TempDir:  temp,
	})
	_, err = src.Acquire(t.Context(), token.Request{App: "web", Organization: "acme"})
	must(t, err)
	flytest.Eventually(t, "nothing is left after a later run", func() bool { return len(names(t, temp)) == 0 })
}
