package tokenstore_test

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// writeSteps are the steps of replacing a file, in their order.
var writeSteps = []string{"create", "write", "set mode", "sync", "close", "rename", "sync folder"}

// failAt makes one step fail, and reports whether it was met.
func failAt(s *tokenstore.Store, op string, err error) *bool {
	met := new(bool)
	s.SetFault(func(at, _ string) error {
		if at != op {
			return nil
		}
		*met = true
		return err
	})
	return met
}

// A disk that fills up, or fails, at any step: the caller knows which and where,
// and what stood before still stands, whole.
func TestFailedWriteLeavesWhatStoodBefore(t *testing.T) {
	t.Parallel()
	changes := map[string]func(t *testing.T, s *tokenstore.Store, old token.Record) error{
		"SetManual": func(t *testing.T, s *tokenstore.Store, _ token.Record) error {
			t.Helper()
			return s.SetManual(t.Context(), "web", manual(t))
		},
		"SaveMinted": func(t *testing.T, s *tokenstore.Store, _ token.Record) error {
			t.Helper()
			return s.SaveMinted(t.Context(), web, minted(t), 0)
		},
		"DeleteManual": func(t *testing.T, s *tokenstore.Store, old token.Record) error {
			t.Helper()
			return s.DeleteManual(t.Context(), "web", old.Token.Fingerprint())
		},
	}
	steps := append([]string{"lock", "remove"}, writeSteps...)
	for name, change := range changes {
		for _, op := range steps {
			if (op == "remove") != (name == "DeleteManual") && op != "lock" && op != "sync folder" {
				continue
			}
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				s, root := open(t)
				stored, set := save(t, s, web), set(t, s, "web")
				met := failAt(s, op, syscall.ENOSPC)
				err := change(t, s, set)
				var failed *tokenstore.WriteError
				if !*met || !errors.As(err, &failed) || failed.Op != op || !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("error = %v, want a WriteError of %q for ENOSPC", err, op)
				}
				s.SetFault(nil)
				wantManual(t, s, "web", set)
				wantMinted(t, s, web, stored)
				if temps := names(t, root, "web", ".tmp-"); temps != nil {
					t.Errorf("left: %q", temps)
				}
			})
		}
	}
}

func TestFailedFirstWriteLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, op := range append([]string{"create folder", "lock"}, writeSteps...) {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s, root := open(t)
			met := failAt(s, op, syscall.EIO)
			_, err := s.CreateManual(t.Context(), "web", manual(t))
			var failed *tokenstore.WriteError
			if !*met || !errors.As(err, &failed) || !strings.HasPrefix(failed.Path, filepath.Dir(root)) || !errors.Is(err, syscall.EIO) {
				t.Errorf("error = %v, want a WriteError with a path for EIO", err)
			}
			s.SetFault(nil)
			if _, err := s.Manual(t.Context(), "web"); !errors.Is(err, token.ErrNoRecord) {
				t.Errorf("Manual() error = %v, want ErrNoRecord", err)
			}
			wantManual(t, s, "web", set(t, s, "web"))
			if temps := names(t, root, "web", ".tmp-"); temps != nil {
				t.Errorf("left: %q", temps)
			}
		})
	}
}

// A record half written when the disk was full is no record.
func TestDiskFullInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	rec := set(t, s, "web")
	s.SetFault(func(op, _ string) error {
		if op != "write" {
			return nil
		}
		temp := names(t, root, "web", ".tmp-")
		if len(temp) != 1 {
			t.Errorf("temporary files: %q, want one", temp)
			return syscall.ENOSPC
		}
		write(t, filepath.Join(appFolder(root, "web"), temp[0]), `{"schema":1,"tok`)
		return syscall.ENOSPC
	})
	if err := s.SetManual(t.Context(), "web", manual(t)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("SetManual() error = %v, want ENOSPC", err)
	}
	s.SetFault(nil)
	wantManual(t, s, "web", rec)
}

// Where the generation cannot be raised, the records go all the same, and the
// caller knows that a flight elsewhere may yet save.
func TestFailedInvalidate(t *testing.T) {
	t.Parallel()
	for _, op := range append([]string{"lock", "remove"}, writeSteps...) {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s, _ := open(t)
			keep := set(t, s, "web")
			save(t, s, web)
			met := failAt(s, op, syscall.ENOSPC)
			var failed *tokenstore.WriteError
			if err := s.Invalidate(t.Context(), "web"); !*met || !errors.As(err, &failed) || failed.Op != op {
				t.Errorf("Invalidate() error = %v, want a WriteError of %q", err, op)
			}
			s.SetFault(nil)
			wantManual(t, s, "web", keep)
			_, _, err := s.Minted(t.Context(), web)
			if op != "lock" && !errors.Is(err, token.ErrNoRecord) {
				t.Errorf("Minted() error = %v, want ErrNoRecord", err)
			}
			if err := s.Invalidate(t.Context(), "web"); err != nil {
				t.Errorf("Invalidate() again: %v", err)
			}
		})
	}
}

func TestDamagedRecordThatCannotBeSetAsideIsSkipped(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	save(t, s, web)
	write(t, mintedPath(t, root, "web"), "{")
	failAt(s, "set aside", syscall.EROFS)
	for range 2 {
		if _, _, err := s.Minted(t.Context(), web); err == nil {
			t.Fatal("a damaged record was read")
		}
	}
	warnings := s.TakeWarnings()
	if len(warnings) != 1 || !strings.Contains(warnings[0].Detail, "It could not be set aside") {
		t.Errorf("warnings: %v, want one, once", warnings)
	}
}

func TestFileSystemWithoutLocks(t *testing.T) {
	t.Parallel()
	for _, none := range []error{syscall.ENOSYS, syscall.ENOLCK, errors.ErrUnsupported} {
		s, root := open(t)
		failAt(s, "lock", none)
		rec := set(t, s, "web")
		save(t, s, web)
		got, err := s.ManualSource().Acquire(t.Context(), web)
		if err != nil || got.Token != rec.Token {
			t.Fatalf("Acquire() = %v, %v", got.Token, err)
		}
		if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0].Detail, root) {
			t.Errorf("%v: warnings %v, want one that names the path", none, got.Warnings)
		}
	}
}

// What users read when storage cannot be changed: what, why, and what to do.
func TestWriteErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	const elsewhere = "give storage another path (storage.path, or FLY_TOKEN_STORAGE)"
	for cause, fix := range map[error]string{
		full:                "make room on the disk, or " + elsewhere,
		syscall.EACCES:      "make it writable for the user that runs this, or " + elsewhere,
		syscall.EROFS:       "make it writable for the user that runs this, or " + elsewhere,
		syscall.ENOTDIR:     "remove the file that stands where a folder should be, or " + elsewhere,
		syscall.EIO:         "check the disk, or " + elsewhere,
		errors.New("other"): "check the disk, or " + elsewhere,
	} {
		s, root := open(t)
		set(t, s, "web")
		failAt(s, "sync", cause)
		err := s.SetManual(t.Context(), "web", manual(t))
		if want := "sync " + manualPath(root) + ": " + cause.Error() + ": " + fix; err == nil || err.Error() != want {
			t.Errorf("error %q\nwant  %q", err, want)
		}
	}
}
