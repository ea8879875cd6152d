package dir_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
)

var (
	web   = token.Request{App: "web"}
	scope = tokenstore.Scope{APIBaseURL: "https://api.fly.io", TokenTTL: time.Hour}
)

// storage is a store over a separate folder, which does not exist at first.
type storage struct {
	*tokenstore.Store
	backend *dir.Backend
	root    string
}

func open(t testing.TB) storage {
	t.Helper()
	return openAt(filepath.Join(t.TempDir(), "storage"))
}

func openAt(root string) storage {
	b := dir.Open(root)
	return storage{tokenstore.Open(b, scope), b, root}
}

func record(t testing.TB) token.Record {
	t.Helper()
	tok, err := token.Parse(fakefly.Token{Seed: rand.Text()}.Text())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Round(0)
	return token.Record{Token: tok, Origin: token.SourceCLI, AcquiredAt: now, ExpiresAt: now.Add(time.Hour)}
}

func (s storage) save(t testing.TB) token.Record {
	t.Helper()
	stored, err := s.Load(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	rec := record(t)
	if err := s.Save(t.Context(), web, rec, stored.Generation); err != nil {
		t.Fatal(err)
	}
	return rec
}

func (s storage) set(t testing.TB, app string) token.Record {
	t.Helper()
	rec := record(t)
	if err := s.SetManual(t.Context(), app, rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

func (s storage) wantMinted(t testing.TB, want token.Record) {
	t.Helper()
	got, err := s.Load(t.Context(), web)
	if err != nil || got.Record.Token != want.Token {
		t.Errorf("Load() = %v, %v, want %v", got.Record.Token, err, want.Token)
	}
}

func (s storage) wantManual(t testing.TB, app string, want token.Record) {
	t.Helper()
	got, err := s.Manual(t.Context(), app)
	if want.Token.IsZero() && errors.Is(err, token.ErrNoRecord) {
		return
	}
	if err != nil || got.Token != want.Token {
		t.Errorf("Manual() = %v, %v, want %v", got.Token, err, want.Token)
	}
}

func (s storage) folder(app string) string { return filepath.Join(s.root, "apps", "app-"+app) }

func (s storage) manualPath() string { return filepath.Join(s.folder("web"), "manual.json") }

func (s storage) runs(name string) string { return filepath.Join(s.root, "runs", name) }

// wantTemps checks which temporary files are left in the app's folder.
func (s storage) wantTemps(t testing.TB, app string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(s.folder(app))
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".tmp-") {
			left = append(left, entry.Name())
		}
	}
	if !slices.Equal(left, want) {
		t.Errorf("temporary files: %q, want %q", left, want)
	}
}

// failAt makes one step fail, and reports whether it was reached.
func (s storage) failAt(op string, err error) *bool {
	met := new(bool)
	s.backend.SetFault(func(at, _ string) error {
		if at != op {
			return nil
		}
		*met = true
		return err
	})
	return met
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func details(ws []token.Warning) string {
	var all []string
	for _, w := range ws {
		all = append(all, w.Detail)
	}
	return strings.Join(all, "\n")
}
