package dir_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// hold takes an app's lock as a different process would.
func hold(t *testing.T, s storage) *flock.Flock {
	t.Helper()
	s.set(t, "web")
	held := flock.New(filepath.Join(s.folder("web"), "lock"))
	if ok, err := held.TryLock(); !ok || err != nil {
		t.Fatalf("TryLock() = %t, %v", ok, err)
	}
	t.Cleanup(func() { _ = held.Unlock() })
	return held
}

func TestWaitForTheLockIsBounded(t *testing.T) {
	t.Parallel()
	s := open(t)
	held := hold(t, s)
	before, err := s.Manual(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	s.backend.SetLockWait(time.Millisecond)
	var failed *tokenstore.Error
	if err := s.SetManual(t.Context(), "web", record(t)); !errors.As(err, &failed) || failed.Op != "lock" || failed.Unwritable {
		t.Errorf("SetManual() error = %v, want one of the lock", err)
	}
	s.wantManual(t, "web", before)
	// Other apps are not delayed.
	s.set(t, "other")
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	s.backend.SetLockWait(time.Minute)
	s.wantManual(t, "web", s.set(t, "web"))
}

func TestWaitForTheLockObservesTheContext(t *testing.T) {
	t.Parallel()
	s := open(t)
	hold(t, s)
	s.backend.SetLockWait(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	// Two of them: one waits for the file's lock, the other for the first.
	errs := make(chan error)
	for range 2 {
		rec := record(t)
		go func() { errs <- s.SetManual(ctx, "web", rec) }()
	}
	for range 2 {
		var failed *tokenstore.Error
		if err := <-errs; !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &failed) {
			t.Errorf("SetManual() error = %v, want the context's", err)
		}
	}
}

// An instant is greater than any before, even if the file with the greatest was
// damaged, or this machine's clock was set back.
func TestClock(t *testing.T) {
	t.Parallel()
	s := open(t)
	var last token.Sequence
	path := s.runs("clock")
	for name, damage := range map[string]func() error{
		"nothing":   func() error { return nil },
		"cut":       func() error { return os.WriteFile(path, []byte("17"), 0o600) },
		"emptied":   func() error { return os.WriteFile(path, nil, 0o600) },
		"scribbled": func() error { return os.WriteFile(path, []byte("these are no digits\n"), 0o600) },
		"removed":   func() error { return os.RemoveAll(filepath.Dir(path)) },
	} {
		now, err := s.Sequence(t.Context())
		if err != nil || now <= last {
			t.Errorf("%s: %d after %d, %v", name, now, last, err)
		}
		if last = now; damage() != nil {
			t.Fatal(name)
		}
	}
	// After a clock was set back, the file holds a future instant.
	s.save(t)
	write(t, path, "09000000000000000000\n")
	s.save(t)
	stored, err := s.Load(t.Context(), web)
	if err != nil || stored.Sequence != 9000000000000000001 {
		t.Errorf("number %d, error %v, want the next one", stored.Sequence, err)
	}
}

// Even root can neither read nor write a path below a regular file.
func TestStorageThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	for _, root := range []string{filepath.Join(file, "storage"), file} {
		s := openAt(root)
		_, create := s.CreateManual(t.Context(), "web", record(t))
		_, claim := s.Claim(t.Context(), web)
		for call, err := range map[string]error{
			"Save": s.Save(t.Context(), web, record(t), 0), "Invalidate": s.Invalidate(t.Context(), "web"),
			"SetManual": s.SetManual(t.Context(), "web", record(t)), "CreateManual": create, "Claim": claim,
		} {
			var failed *tokenstore.Error
			if !errors.As(err, &failed) || !strings.HasPrefix(failed.Where, root) || !errors.Is(err, token.ErrUnwritable) {
				t.Errorf("%s() error = %v, want ErrUnwritable with a path", call, err)
			}
		}
		s.wantMinted(t, token.Record{})
		_, manual := s.Manual(t.Context(), "web")
		for _, err := range []error{manual, s.DeleteManual(t.Context(), "web", "0")} {
			if !errors.Is(err, token.ErrNoRecord) || !errors.Is(err, syscall.ENOTDIR) {
				t.Errorf("error = %v, want ErrNoRecord and why there can be none", err)
			}
		}
		if _, err := s.Sequence(t.Context()); err != nil {
			t.Errorf("Sequence() error = %v", err)
		}
		if _, certain := openAt(root).Alive(t.Context(), s.Owner()); certain {
			t.Error("whether a process without a lock lives is certain")
		}
	}
}

func TestReadCreatesNoFile(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.backend.Tidy(t.Context())
	s.wantMinted(t, token.Record{})
	s.wantManual(t, "web", token.Record{})
	_ = s.DeleteManual(t.Context(), "web", "0")
	if err := s.Remove(t.Context(), web, "0"); err != nil {
		t.Error(err)
	}
	if _, err := s.Announced(t.Context(), "web"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(s.root); !os.IsNotExist(err) {
		t.Errorf("reading made something: %v", err)
	}
}

// leave puts the temporary files of killed processes into the app's folder: a
// recent one, and one that is older than any write takes.
func leave(t *testing.T, s storage, app string) {
	t.Helper()
	old, young := filepath.Join(s.folder(app), ".tmp-old"), filepath.Join(s.folder(app), ".tmp-young")
	write(t, old, "x")
	write(t, young, "x")
	past := time.Now().Add(-61 * time.Minute)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
}

// Under the lock no temporary file is in use. Without locks a new one may be.
func TestTempFilesOfKilledProcessesAreSwept(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.set(t, "web")
	leave(t, s, "web")
	s.set(t, "web")
	s.wantTemps(t, "web")

	s.failAt("lock", syscall.ENOLCK)
	leave(t, s, "web")
	s.set(t, "web")
	s.wantTemps(t, "web", ".tmp-young")
}

// Tidy also cleans apps without further writes, and keeps the files of a
// process that holds the lock.
func TestTidy(t *testing.T) {
	t.Parallel()
	s := open(t)
	kept := s.set(t, "other")
	held := hold(t, s)
	for _, app := range []string{"web", "other"} {
		leave(t, s, app)
	}
	living, dead := openAt(s.root).Owner(), strings.Repeat("a", 26)
	host, _, _ := strings.Cut(living, "-")
	write(t, s.runs("process-"+host+"-"+dead), "")
	openAt(s.root).backend.Tidy(t.Context())
	s.wantTemps(t, "other")
	s.wantTemps(t, "web", ".tmp-old", ".tmp-young")
	s.wantManual(t, "other", kept)
	if _, err := os.Lstat(s.runs("process-" + living)); err != nil {
		t.Errorf("the lock of a living process: %v", err)
	}
	if _, err := os.Lstat(s.runs("process-" + host + "-" + dead)); !os.IsNotExist(err) {
		t.Errorf("the lock of a dead process: %v", err)
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s.backend.Tidy(ended)
	s.backend.Tidy(t.Context())
	s.wantTemps(t, "web")
}

// It is uncertain whether a process of a different machine is alive.
func TestOwnerOnAnotherMachine(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, random, _ := strings.Cut(s.Owner(), "-")
	if _, certain := s.Alive(t.Context(), "0123456789ab-"+random); certain {
		t.Error("it is certain")
	}
	if alive, certain := s.Alive(t.Context(), s.Owner()); !alive || !certain {
		t.Error("this process is not certain to live")
	}
}
