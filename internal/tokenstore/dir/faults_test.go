package dir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// writeSteps are the steps of replacing a file, in their order.
var writeSteps = []string{"create", "write", "set mode of", "sync", "close", "rename", "sync folder"}

// A disk is full, or fails, at any step. The error names the step and the
// place, and storage is unchanged.
func TestFailedChangeLeavesWhatWasStored(t *testing.T) {
	t.Parallel()
	changes := map[string]struct {
		steps []string
		do    func(t *testing.T, s storage, old token.Record) error
	}{
		"SetManual": {append([]string{"lock"}, writeSteps...), func(t *testing.T, s storage, _ token.Record) error {
			t.Helper()
			return s.SetManual(t.Context(), "web", record(t))
		}},
		"Save": {append([]string{"lock"}, writeSteps...), func(t *testing.T, s storage, _ token.Record) error {
			t.Helper()
			return s.Save(t.Context(), web, record(t), 0)
		}},
		"Invalidate": {append([]string{"lock"}, writeSteps...), func(t *testing.T, s storage, _ token.Record) error {
			t.Helper()
			return s.Invalidate(t.Context(), "web")
		}},
		"DeleteManual": {[]string{"lock", "remove", "sync folder"}, func(t *testing.T, s storage, old token.Record) error {
			t.Helper()
			return s.DeleteManual(t.Context(), "web", old.Token.Fingerprint())
		}},
	}
	for name, change := range changes {
		for _, op := range change.steps {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				s := open(t)
				minted, manual := s.save(t), s.set(t, "web")
				met := s.failAt(op, syscall.ENOSPC)
				err := change.do(t, s, manual)
				var failed *tokenstore.Error
				if !*met || !errors.As(err, &failed) || failed.Op != op || !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, token.ErrUnwritable) {
					t.Errorf("error = %v, want one of %q for ENOSPC", err, op)
				}
				s.backend.SetFault(nil)
				s.wantManual(t, "web", manual)
				s.wantMinted(t, minted)
				s.wantTemps(t, "web")
			})
		}
	}
}

// A disk that fails to sync keeps the record that could not be removed.
func TestRemovalOnADiskThatDoesNotSync(t *testing.T) {
	t.Parallel()
	s := open(t)
	rec := s.set(t, "web")
	s.backend.SetFault(func(op, _ string) error {
		if strings.HasPrefix(op, "sync") {
			return syscall.EIO
		}
		return nil
	})
	for range 2 {
		if err := s.DeleteManual(t.Context(), "web", rec.Token.Fingerprint()); !errors.Is(err, syscall.EIO) {
			t.Errorf("DeleteManual() = %v, want EIO", err)
		}
		s.wantManual(t, "web", rec)
	}
}

func TestFailedFirstWriteLeavesNoFile(t *testing.T) {
	t.Parallel()
	for _, op := range append([]string{"create folder", "lock"}, writeSteps...) {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			met := s.failAt(op, syscall.EIO)
			_, err := s.CreateManual(t.Context(), "web", record(t))
			var failed *tokenstore.Error
			if !*met || !errors.As(err, &failed) || !strings.HasPrefix(failed.Where, filepath.Dir(s.root)) || !errors.Is(err, syscall.EIO) {
				t.Errorf("error = %v, want one with a path for EIO", err)
			}
			s.backend.SetFault(nil)
			s.wantManual(t, "web", token.Record{})
			s.wantManual(t, "web", s.set(t, "web"))
			s.wantTemps(t, "web")
		})
	}
}

// A file that was half-written on a full disk is not a document.
func TestDiskFullInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	s := open(t)
	rec := s.set(t, "web")
	s.backend.SetFault(func(op, _ string) error {
		if op != "write" {
			return nil
		}
		temps, err := filepath.Glob(filepath.Join(s.folder("web"), ".tmp-*"))
		if err != nil || len(temps) != 1 {
			t.Errorf("temporary files: %q, %v, want one", temps, err)
			return syscall.ENOSPC
		}
		write(t, temps[0], `{"schema":1,"tok`)
		return syscall.ENOSPC
	})
	if err := s.SetManual(t.Context(), "web", record(t)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("SetManual() error = %v, want ENOSPC", err)
	}
	s.backend.SetFault(nil)
	s.wantManual(t, "web", rec)
}

// Without locks storage is used anyway: claims are leases, no process counts as
// certainly ended, and one warning reports it.
func TestFileSystemWithoutLocks(t *testing.T) {
	t.Parallel()
	for _, none := range []error{syscall.ENOSYS, syscall.ENOLCK, errors.ErrUnsupported} {
		s := open(t)
		s.failAt("lock", none)
		rec := s.set(t, "web")
		c, err := s.Claim(t.Context(), web)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(s.folder("web"), "state.json"))
		if err != nil || !strings.Contains(string(data), `"owner"`) || strings.Contains(string(data), `"claim": null`) {
			t.Errorf("%v: the claim is no lease: %s, %v", none, data, err)
		}
		minted := record(t)
		if err := c.Save(t.Context(), minted); err != nil {
			t.Fatal(err)
		}
		s.wantManual(t, "web", rec)
		s.wantMinted(t, minted)
		other := openAt(s.root)
		if _, certain := s.Alive(t.Context(), other.Owner()); certain {
			t.Error("whether another process lives is certain")
		}
		if _, certain := other.Alive(t.Context(), s.Owner()); certain {
			t.Error("whether a process without a lock lives is certain")
		}
		if got := details(s.TakeWarnings()); strings.Count(got, "\n") != 0 || !strings.Contains(got, s.root+" cannot lock files") {
			t.Errorf("%v: warnings %q, want one that names the path", none, got)
		}
	}
}

// The errors if storage cannot be changed: the operation, the cause and the
// advice.
func TestErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	const elsewhere = "set storage.path or FLY_TOKEN_STORAGE to a different path"
	for cause, fix := range map[error]string{
		full:                "make room on the disk, or " + elsewhere,
		syscall.EACCES:      "make it writable for this user, or " + elsewhere,
		syscall.EROFS:       "make it writable for this user, or " + elsewhere,
		syscall.ENOTDIR:     "remove the file that is in the place of a folder, or " + elsewhere,
		syscall.EIO:         "check the disk, or " + elsewhere,
		errors.New("other"): "check the disk, or " + elsewhere,
	} {
		s := open(t)
		s.set(t, "web")
		s.failAt("sync", cause)
		err := s.SetManual(t.Context(), "web", record(t))
		if want := "cannot sync " + s.manualPath() + ": " + cause.Error() + ": " + fix; err == nil || err.Error() != want {
			t.Errorf("error %q\nwant  %q", err, want)
		}
	}
}
