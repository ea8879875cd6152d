package tokenstore_test

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

var (
	web   = token.Request{App: "web"}
	scope = tokenstore.Scope{APIBaseURL: "https://api.fly.io"}

	sameToken = cmp.Comparer(func(a, b token.Token) bool { return a == b })
)

// newToken mints a token that no other call returns.
func newToken(t testing.TB) token.Token {
	t.Helper()
	tok, err := token.Parse(fakefly.Token{Seed: rand.Text()}.Text())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func minted(t testing.TB) token.Record {
	t.Helper()
	now := time.Now().UTC().Round(0)
	return token.Record{
		Token:      newToken(t),
		Origin:     token.SourceCLI,
		AcquiredAt: now,
		ExpiresAt:  now.Add(24 * time.Hour),
		TTL:        36 * time.Hour,
		ID:         "id-1",
	}
}

func manual(t testing.TB) token.Record {
	t.Helper()
	return token.Record{Token: newToken(t), Origin: token.SourceManual, AcquiredAt: time.Now().UTC().Round(0)}
}

// open returns a store in a folder of its own, which does not exist yet.
func open(t testing.TB) (*tokenstore.Store, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "storage")
	return tokenstore.Open(root, scope), root
}

func save(t testing.TB, s *tokenstore.Store, req token.Request) token.Record {
	t.Helper()
	gen, err := s.Generation(t.Context(), req.App)
	if err != nil {
		t.Fatal(err)
	}
	rec := minted(t)
	if err := s.SaveMinted(t.Context(), req, rec, gen); err != nil {
		t.Fatal(err)
	}
	return rec
}

func set(t testing.TB, s *tokenstore.Store, app string) token.Record {
	t.Helper()
	rec := manual(t)
	if err := s.SetManual(t.Context(), app, rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

func wantMinted(t testing.TB, s *tokenstore.Store, req token.Request, want token.Record) {
	t.Helper()
	got, _, err := s.Minted(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameToken); diff != "" {
		t.Errorf("minted record (-want +got):\n%s", diff)
	}
}

func wantManual(t testing.TB, s *tokenstore.Store, app string, want token.Record) {
	t.Helper()
	got, err := s.Manual(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameToken); diff != "" {
		t.Errorf("manual record (-want +got):\n%s", diff)
	}
}

func appFolder(root, app string) string { return filepath.Join(root, "apps", "app-"+app) }

// manualPath returns the path of the app web's manual record.
func manualPath(root string) string { return filepath.Join(appFolder(root, "web"), "manual.json") }

// names lists the app's files whose names have the prefix, sorted.
func names(t testing.TB, root, app, prefix string) []string {
	t.Helper()
	entries, err := os.ReadDir(appFolder(root, app))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) {
			found = append(found, entry.Name())
		}
	}
	slices.Sort(found)
	return found
}

// mintedPath returns the one minted record that the app has.
func mintedPath(t testing.TB, root, app string) string {
	t.Helper()
	found := names(t, root, app, "minted-")
	if len(found) != 1 {
		t.Fatalf("minted records: %q, want one", found)
	}
	return filepath.Join(appFolder(root, app), found[0])
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// edit changes the JSON object in a file; a nil value removes the field.
func edit(t testing.TB, path string, changes map[string]any) {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(read(t, path)), &all); err != nil {
		t.Fatal(err)
	}
	for name, value := range changes {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(data))
}

// field returns the text of one field of the JSON object in a file.
func field(t testing.TB, path, name string) string {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(read(t, path)), &all); err != nil {
		t.Fatal(err)
	}
	return string(all[name])
}
