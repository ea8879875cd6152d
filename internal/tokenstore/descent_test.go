package tokenstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// Acquisitions are numbered in their order, by whatever process, whatever became
// of the file that counts them.
func TestSequence(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	last, err := s.Sequence(t.Context())
	if err != nil || last != 0 {
		t.Fatalf("Sequence() = %d, %v, want 0 before the first", last, err)
	}
	counter := filepath.Join(root, "runs", "sequence")
	for name, damage := range map[string]func() error{
		"nothing":   func() error { return nil },
		"cut":       func() error { return os.WriteFile(counter, []byte("17"), 0o600) },
		"emptied":   func() error { return os.WriteFile(counter, nil, 0o600) },
		"scribbled": func() error { return os.WriteFile(counter, []byte("these are no digits\n"), 0o600) },
		"removed":   func() error { return os.RemoveAll(filepath.Dir(counter)) },
	} {
		before := save(t, s, web)
		_, first, err := s.Minted(t.Context(), web)
		if err != nil || first <= last {
			t.Errorf("%s: number %d after %d, error %v", name, first, last, err)
		}
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		after := save(t, tokenstore.Open(root, scope), web)
		_, last, err = s.Minted(t.Context(), web)
		if err != nil || last <= first || before.Token == after.Token {
			t.Errorf("%s: number %d after %d, error %v", name, last, first, err)
		}
		if now, err := s.Sequence(t.Context()); err != nil || now != last {
			t.Errorf("%s: Sequence() = %d, %v, want %d", name, now, err, last)
		}
	}
}

// A number from the future, which a clock that jumped back leaves behind, is
// counted on from.
func TestSequenceOutlivesTheClock(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	save(t, s, web)
	if err := os.WriteFile(filepath.Join(root, "runs", "sequence"), []byte("09000000000000000000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	save(t, s, web)
	if _, seq, err := s.Minted(t.Context(), web); err != nil || seq != 9000000000000000001 {
		t.Errorf("number %d, error %v, want the next one", seq, err)
	}
}

func TestMisses(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	if _, _, err := s.Misses(t.Context(), web); !errors.Is(err, token.ErrNoRecord) {
		t.Errorf("before the first: %v, want ErrNoRecord", err)
	}
	before, err := s.Sequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told := []token.Attempt{{Source: token.SourceCLI, Err: errors.New("not logged in: log in")}}
	if err := s.SaveMisses(t.Context(), web, told); err != nil {
		t.Fatal(err)
	}
	got, seq, err := tokenstore.Open(root, scope).Misses(t.Context(), web)
	if err != nil || seq <= before || len(got) != 1 || got[0].Source != token.SourceCLI || got[0].Err.Error() != "not logged in: log in" {
		t.Errorf("Misses() = %v, %d, %v", got, seq, err)
	}
	for _, req := range []token.Request{{App: "other"}, {App: "web", Access: token.AccessDeploy}} {
		if _, _, err := s.Misses(t.Context(), req); !errors.Is(err, token.ErrNoRecord) {
			t.Errorf("%+v: %v, want ErrNoRecord", req, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "runs", "misses-*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, text := range []string{"", "{", `{"key":"another","sequence":1}`} {
		if err := os.WriteFile(files[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Misses(t.Context(), web); !errors.Is(err, token.ErrNoRecord) {
			t.Errorf("%q: %v, want ErrNoRecord", text, err)
		}
	}
}

// The lock of the descent waits for as long as its caller does, and is apart from
// the one under which records change.
func TestLock(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	unlock, err := s.Lock(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	save(t, s, web)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := tokenstore.Open(root, scope).Lock(ctx, "web"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second holder: %v, want its context's end", err)
	}
	other, err := s.Lock(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	other()
	unlock()
	again, err := tokenstore.Open(root, scope).Lock(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestLockWithoutAPlace(t *testing.T) {
	t.Parallel()
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := tokenstore.Open(filepath.Join(blocked, "storage"), scope).Lock(t.Context(), "web")
	if !errors.Is(err, token.ErrUnwritable) {
		t.Errorf("Lock() error = %v, want ErrUnwritable", err)
	}
}
