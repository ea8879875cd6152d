package tokenstore_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

func TestMintedIsKeptBeyondTheProcess(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	if _, _, err := s.Minted(t.Context(), web); !errors.Is(err, token.ErrNoRecord) {
		t.Fatalf("Minted() error = %v, want ErrNoRecord", err)
	}
	want := save(t, s, web)
	wantMinted(t, s, web, want)
	wantMinted(t, tokenstore.Open(root, scope), web, want)

	// A second save takes the first one's place.
	wantMinted(t, s, web, save(t, s, web))
	mintedPath(t, root, "web")
}

func TestMintedIsFoundByItsOwnRequestAndScope(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	save(t, s, token.Request{App: "web", Access: token.AccessDeploy, Organization: "acme"})
	base := scope
	others := map[string]struct {
		scope tokenstore.Scope
		req   token.Request
	}{
		"another app":          {base, token.Request{App: "api", Access: token.AccessDeploy, Organization: "acme"}},
		"another access":       {base, token.Request{App: "web", Access: token.AccessReadOnly, Organization: "acme"}},
		"no access":            {base, token.Request{App: "web", Organization: "acme"}},
		"another organization": {base, token.Request{App: "web", Access: token.AccessDeploy, Organization: "other"}},
		"another login": {
			tokenstore.Scope{APIBaseURL: base.APIBaseURL, Login: "0011223344556677"},
			token.Request{App: "web", Access: token.AccessDeploy, Organization: "acme"},
		},
		"another API": {
			tokenstore.Scope{APIBaseURL: "http://127.0.0.1:1"},
			token.Request{App: "web", Access: token.AccessDeploy, Organization: "acme"},
		},
	}
	for name, other := range others {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := tokenstore.Open(root, other.scope).Minted(t.Context(), other.req)
			if !errors.Is(err, token.ErrNoRecord) {
				t.Errorf("Minted() error = %v, want ErrNoRecord", err)
			}
		})
	}
}

func TestMintedThatExpiredIsRemoved(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	rec := minted(t)
	rec.ExpiresAt = time.Now().Add(-time.Second)
	if err := s.SaveMinted(t.Context(), web, rec, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Minted(t.Context(), web); !errors.Is(err, token.ErrNoRecord) {
		t.Fatalf("Minted() error = %v, want ErrNoRecord", err)
	}
	if left := names(t, root, "web", "minted-"); left != nil {
		t.Errorf("left: %q", left)
	}
}

func TestInvalidateSupersedesAndRemovesMintedOnly(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	ctx := t.Context()
	old, err := s.Generation(ctx, "web")
	if err != nil || old != 0 {
		t.Fatalf("Generation() = %d, %v, want 0", old, err)
	}
	keep, other := set(t, s, "web"), save(t, s, token.Request{App: "other"})
	save(t, s, web)
	save(t, s, token.Request{App: "web", Access: token.AccessReadOnly})
	save(t, tokenstore.Open(root, tokenstore.Scope{Login: "0011223344556677"}), web)
	if err := s.Invalidate(ctx, "web"); err != nil {
		t.Fatal(err)
	}
	if left := names(t, root, "web", "minted-"); left != nil {
		t.Errorf("left: %q", left)
	}
	wantManual(t, s, "web", keep)
	wantMinted(t, s, token.Request{App: "other"}, other)

	if err := tokenstore.Open(root, scope).SaveMinted(ctx, web, minted(t), old); !errors.Is(err, token.ErrSuperseded) {
		t.Errorf("SaveMinted() under the old generation: error = %v, want ErrSuperseded", err)
	}
	wantMinted(t, s, web, save(t, s, web))
	first, _ := s.Generation(ctx, "web")
	if err := s.Invalidate(ctx, "web"); err != nil {
		t.Fatal(err)
	}
	if second, _ := s.Generation(ctx, "web"); second <= first || first == 0 {
		t.Errorf("generations 0, %d, %d do not grow", first, second)
	}
}

// A record that came back, or that was written by a process without the lock,
// counts for nothing after the invalidation.
func TestRecordOfAnEndedGenerationIsNoRecord(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	save(t, s, web)
	path := mintedPath(t, root, "web")
	before := read(t, path)
	if err := s.Invalidate(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	write(t, path, before)
	if _, _, err := s.Minted(t.Context(), web); !errors.Is(err, token.ErrNoRecord) {
		t.Errorf("Minted() error = %v, want ErrNoRecord", err)
	}
	if left := names(t, root, "web", "minted-"); left != nil {
		t.Errorf("left: %q", left)
	}
}

func TestRemovedStorageDoesNotRepeatAGeneration(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	ctx := t.Context()
	if err := s.Invalidate(ctx, "web"); err != nil {
		t.Fatal(err)
	}
	began, err := s.Generation(ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveMinted(ctx, web, minted(t), began); !errors.Is(err, token.ErrSuperseded) {
		t.Errorf("SaveMinted() after the removal: error = %v, want ErrSuperseded", err)
	}
	if err := s.Invalidate(ctx, "web"); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveMinted(ctx, web, minted(t), began); !errors.Is(err, token.ErrSuperseded) {
		t.Errorf("SaveMinted() after the next invalidation: error = %v, want ErrSuperseded", err)
	}
}

func TestGenerationHealsItsFile(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	save(t, s, web)
	write(t, filepath.Join(appFolder(root, "web"), "generation"), "")
	gen, err := s.Generation(t.Context(), "web")
	if err != nil || gen == 0 {
		t.Fatalf("Generation() = %d, %v, want a new one", gen, err)
	}
	if _, _, err := s.Minted(t.Context(), web); !errors.Is(err, token.ErrNoRecord) {
		t.Errorf("Minted() error = %v, want ErrNoRecord: it is of a generation that is lost", err)
	}
	wantMinted(t, s, web, save(t, s, web))
}

// calls are all the methods of a store, with arguments that do no harm.
func calls(ctx context.Context, t *testing.T, s *tokenstore.Store, app string) map[string]error {
	t.Helper()
	req, rec := token.Request{App: app}, manual(t)
	errs := map[string]error{}
	_, errs["Generation"] = s.Generation(ctx, app)
	_, _, errs["Minted"] = s.Minted(ctx, req)
	_, errs["Manual"] = s.Manual(ctx, app)
	errs["DeleteManual"] = s.DeleteManual(ctx, app, rec.Token.Fingerprint())
	errs["SaveMinted"] = s.SaveMinted(ctx, req, minted(t), 0)
	errs["Invalidate"] = s.Invalidate(ctx, app)
	errs["SetManual"] = s.SetManual(ctx, app, rec)
	_, errs["CreateManual"] = s.CreateManual(ctx, app, rec)
	return errs
}

func TestInvalidAppNeverBecomesAPath(t *testing.T) {
	t.Parallel()
	for _, app := range []string{"", "..", "../../etc", "a/b", `a\b`, "Web", "con.", strings.Repeat("a", 64)} {
		s, root := open(t)
		for call, err := range calls(t.Context(), t, s, app) {
			if !errors.Is(err, token.ErrInvalidRequest) {
				t.Errorf("%s(%q) error = %v, want ErrInvalidRequest", call, app, err)
			}
		}
		if _, err := os.Lstat(root); !os.IsNotExist(err) {
			t.Errorf("app %q: something was made: %v", app, err)
		}
	}
}

func TestEndedContextStopsEveryCall(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, err := range calls(ctx, t, s, "web") {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s() error = %v, want context.Canceled", call, err)
		}
	}
	if _, err := os.Lstat(root); !os.IsNotExist(err) {
		t.Errorf("something was made: %v", err)
	}
}

// A path beneath a regular file can be neither read nor written, by root either.
func TestStorageThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	for _, root := range []string{filepath.Join(file, "storage"), file} {
		s := tokenstore.Open(root, scope)
		errs := calls(t.Context(), t, s, "web")
		for _, call := range []string{"SaveMinted", "Invalidate", "SetManual", "CreateManual"} {
			var failed *tokenstore.WriteError
			if !errors.As(errs[call], &failed) || !strings.HasPrefix(failed.Path, root) {
				t.Errorf("%s() error = %v, want a WriteError with a path", call, errs[call])
			}
		}
		for _, call := range []string{"Minted", "Manual", "DeleteManual"} {
			if !errors.Is(errs[call], token.ErrNoRecord) {
				t.Errorf("%s() error = %v, want ErrNoRecord: nothing can be there", call, errs[call])
			}
		}
		if errs["Generation"] != nil {
			t.Errorf("Generation() error = %v", errs["Generation"])
		}
	}
}

func TestOpenTouchesNothing(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	for _, call := range []func() error{
		func() error { _, err := s.Generation(t.Context(), "web"); return err },
		func() error { _, _, err := s.Minted(t.Context(), web); return err },
		func() error { _, err := s.Manual(t.Context(), "web"); return err },
		func() error { return s.DeleteManual(t.Context(), "web", "0") },
	} {
		if err := call(); err != nil && !errors.Is(err, token.ErrNoRecord) {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(root); !os.IsNotExist(err) {
		t.Errorf("reading made something: %v", err)
	}
}

func TestReservedNamesAndModes(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	for _, app := range []string{"con", "nul", "com1"} {
		wantMinted(t, s, token.Request{App: app}, save(t, s, token.Request{App: app}))
		wantManual(t, s, app, set(t, s, app))
	}
	if runtime.GOOS == "windows" {
		return
	}
	modes := map[string]os.FileMode{}
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			modes[path] = info.Mode().Perm()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, mode := range maps.All(modes) {
		if mode != 0o600 && mode != 0o700 {
			t.Errorf("%s has mode %04o", path, mode)
		}
	}
}
