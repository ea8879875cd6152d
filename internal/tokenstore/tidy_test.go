package tokenstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// leave puts the temporary files of killed processes into the app's folder: one
// of just now, and one that is older than any write takes.
func leave(t *testing.T, root, app string) {
	t.Helper()
	old, young := filepath.Join(appFolder(root, app), ".tmp-old"), filepath.Join(appFolder(root, app), ".tmp-young")
	write(t, old, "x")
	write(t, young, "x")
	past := time.Now().Add(-61 * time.Minute)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
}

func wantTemps(t *testing.T, root, app string, want ...string) {
	t.Helper()
	if left := names(t, root, app, ".tmp-"); !slices.Equal(left, want) {
		t.Errorf("left: %q, want %q", left, want)
	}
}

// Under the lock no temporary file is in use; without locks a young one may be.
func TestTempFilesOfKilledProcessesAreSwept(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	set(t, s, "web")
	leave(t, root, "web")
	set(t, s, "web")
	wantTemps(t, root, "web")

	failAt(s, "lock", syscall.ENOLCK)
	leave(t, root, "web")
	set(t, s, "web")
	wantTemps(t, root, "web", ".tmp-young")
}

// Tidy reaches the apps that nobody writes to again, and leaves alone what a
// process that holds the lock has in hand.
func TestTidy(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	s.Tidy(t.Context()) // there is nothing yet, and nothing is made
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the storage folder: %v", err)
	}
	kept := set(t, s, "other")
	held := hold(t, s, root)
	for _, app := range []string{"web", "other"} {
		leave(t, root, app)
	}
	tokenstore.Open(root, scope).Tidy(t.Context())
	wantTemps(t, root, "other")
	wantTemps(t, root, "web", ".tmp-old", ".tmp-young")
	wantManual(t, s, "other", kept)
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	s.Tidy(ended)
	s.Tidy(t.Context())
	wantTemps(t, root, "web")
}

// What one process told another is for those who waited, and does not pile up.
func TestMissesEnd(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	told := []token.Attempt{{Source: token.SourceCLI, Err: errors.New("not logged in")}}
	if err := s.SaveMisses(t.Context(), web, told); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(root, "runs", "misses-*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, %v", files, err)
	}
	for name, at := range map[string]time.Time{
		"too old":         time.Now().Add(-2 * time.Minute),
		"from the future": time.Now().Add(24 * time.Hour),
	} {
		edit(t, files[0], map[string]any{"at": at})
		if _, _, err := s.Misses(t.Context(), web); !errors.Is(err, token.ErrNoRecord) {
			t.Errorf("%s: %v, want ErrNoRecord", name, err)
		}
	}
	past := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(files[0], past, past); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveMisses(t.Context(), token.Request{App: "other"}, told); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(root, "runs", "*"))
	if err != nil || slices.Contains(left, files[0]) || len(left) != 3 {
		t.Errorf("left: %q, %v, want the other app's, the number and its lock", left, err)
	}
}
