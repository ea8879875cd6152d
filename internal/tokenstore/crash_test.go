package tokenstore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// crashes is how often TestCrash kills; `make crash` does so a thousand times.
var crashes = flag.Int("crashes", 25, "how many processes TestCrash kills")

// crashApps are the apps that a process writes to until it is killed.
const crashApps = 3

func crashApp(n int) string { return fmt.Sprintf("app-%d", n%crashApps) }

// writeAll writes records of every kind as fast as it can, and tells of each
// manual one before and after.
func writeAll(s *tokenstore.Store, _ string) error {
	ctx := context.Background()
	for n := 0; ; n++ {
		app := crashApp(n)
		unlock, err := s.Lock(ctx, app)
		if err != nil {
			return err
		}
		rec, err := childRecord()
		if err != nil {
			return err
		}
		fmt.Println(app, rec.Token.Fingerprint())
		if err := s.SetManual(ctx, app, rec); err != nil {
			return err
		}
		fmt.Println(app, "kept")
		gen, err := s.Generation(ctx, app)
		if err != nil {
			return err
		}
		told := []token.Attempt{{Source: token.SourceCLI, Err: errors.New("it has none")}}
		err = errors.Join(
			s.SaveMinted(ctx, token.Request{App: app}, rec, gen),
			s.SaveMisses(ctx, token.Request{App: app, Access: token.AccessDeploy}, told),
		)
		if n%7 == 0 {
			err = errors.Join(err, s.Invalidate(ctx, app))
		}
		unlock()
		if err != nil {
			return err
		}
	}
}

// A process that writes is killed at any moment. Whatever it acknowledged reads
// back whole; no temporary file outlives the next start, and no lock blocks.
func TestCrash(t *testing.T) {
	t.Parallel()
	_, root := open(t)
	standing := map[string]string{}
	written := 0
	for range *crashes {
		begun, kept := crash(t, root)
		written += len(kept)
		s := tokenstore.Open(root, scope)
		s.Tidy(t.Context())
		wantNoTemps(t, root)
		for n := range crashApps {
			app := crashApp(n)
			if fp, ok := kept[app]; ok {
				standing[app] = fp
			}
			got, err := s.Manual(t.Context(), app)
			switch fp := got.Token.Fingerprint(); {
			case errors.Is(err, token.ErrNoRecord) && standing[app] == "":
			case err != nil || fp != standing[app] && fp != begun[app]:
				t.Fatalf("Manual(%s) = %v, %v, want the token kept, %s, or the one begun, %s", app, got.Token, err, standing[app], begun[app])
			default:
				standing[app] = fp
			}
			if _, _, err := s.Minted(t.Context(), token.Request{App: app}); err != nil && !errors.Is(err, token.ErrNoRecord) {
				t.Fatalf("Minted(%s): %v", app, err)
			}
			wantFree(t, s, app)
		}
		if warnings := s.TakeWarnings(); warnings != nil {
			t.Fatalf("warnings: %v", warnings)
		}
	}
	if written == 0 {
		t.Error("no process lived long enough to keep a record")
	}
}

// crash starts a process that writes, kills it, and returns, by app, the last
// fingerprint that it began to write and the last that it kept.
func crash(t *testing.T, root string) (begun, kept map[string]string) {
	t.Helper()
	c := start(t, root, "crash")
	first := c.line()
	// Rarely before its first record, and in the middle of any step.
	time.Sleep(time.Duration(rand.Int64N(int64(30 * time.Millisecond))))
	_ = c.cmd.Process.Kill()
	begun, kept = map[string]string{}, map[string]string{}
	for text := first; text != ""; text = c.line() {
		app, what, ok := strings.Cut(text, " ")
		switch {
		case !ok || what == "":
			t.Logf("a line was cut by the kill: %q", text)
		case what == "kept":
			kept[app] = begun[app]
		default:
			begun[app] = what
		}
	}
	c.kill()
	return begun, kept
}

func wantNoTemps(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(entry.Name(), ".tmp-") {
			t.Errorf("left: %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantFree takes both of the app's locks, and that of the number.
func wantFree(t *testing.T, s *tokenstore.Store, app string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	unlock, err := s.Lock(ctx, app)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	save(t, s, token.Request{App: app, Access: token.AccessReadOnly})
}
