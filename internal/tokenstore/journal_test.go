package tokenstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

func mintOf(name string, access token.Access) tokenstore.Mint {
	return tokenstore.Mint{
		Request:   token.Request{App: "web", Access: access, Organization: "acme"},
		Name:      name,
		ExpiresAt: time.Now().Add(time.Hour).UTC().Round(0),
	}
}

// mintFiles lists the files that mints are written down in.
func mintFiles(t *testing.T, root string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(appFolder(root, "web"), "mint-*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What was announced is there for the next process, until it is settled, and for
// nobody who asks another API.
func TestMintsAreAnnouncedAndSettled(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	if got, err := s.AnnouncedMints(t.Context(), "web"); err != nil || len(got) != 0 {
		t.Fatalf("before anything: %v, %v", got, err)
	}
	mints := []tokenstore.Mint{mintOf("../a (terraform 1)", token.AccessDeploy), mintOf("b\x00", token.AccessReadOnly)}
	for _, m := range mints {
		if err := s.AnnounceMint(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	next := tokenstore.Open(root, scope)
	got, err := next.AnnouncedMints(t.Context(), "web")
	if diff := cmp.Diff(mints, got); err != nil || diff != "" {
		t.Errorf("%v:\n%s", err, diff)
	}
	elsewhere := tokenstore.Open(root, tokenstore.Scope{APIBaseURL: "https://fly.example"})
	if got, err := elsewhere.AnnouncedMints(t.Context(), "web"); err != nil || len(got) != 0 {
		t.Errorf("at another API: %v, %v", got, err)
	}
	for range 2 {
		if err := next.SettleMint(t.Context(), mints[0]); err != nil {
			t.Error(err)
		}
	}
	if got, err := s.AnnouncedMints(t.Context(), "web"); err != nil || len(got) != 1 || got[0].Name != mints[1].Name {
		t.Errorf("after one was settled: %v, %v", got, err)
	}
}

// A mint's file that is damaged, or another app's, is passed over.
func TestMintsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	good, bad := mintOf("good", token.AccessDeploy), mintOf("bad", token.AccessDeploy)
	if err := errors.Join(s.AnnounceMint(t.Context(), good), s.AnnounceMint(t.Context(), bad)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", `[]`, `{"schema":2,"api":"https://api.fly.io","app":"web","name":"bad"}`, `{"schema":1,"api":"https://api.fly.io","app":"worker","name":"bad"}`, `{"schema":1,"api":"https://api.fly.io","app":"web"}`} {
		if err := errors.Join(s.SettleMint(t.Context(), bad), s.AnnounceMint(t.Context(), bad), s.SettleMint(t.Context(), good)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mintFiles(t, root)[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.AnnounceMint(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		if got, err := s.AnnouncedMints(t.Context(), "web"); err != nil || len(got) != 1 || got[0].Name != "good" {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// While one mints for an app, others wait, in this process and in another.
func TestMintsAreLocked(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	unlock, err := s.LockMints(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []*tokenstore.Store{s, tokenstore.Open(root, scope)} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := other.LockMints(ctx, "web"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("locked twice: %v", err)
		}
		cancel()
		free, err := other.LockMints(t.Context(), "worker")
		if err != nil {
			t.Fatal(err)
		}
		free()
	}
	unlock()
	if unlock, err = tokenstore.Open(root, scope).LockMints(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	unlock()
}

// A folder that cannot be written is said to be one.
func TestMintsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "not a folder")
	s := tokenstore.Open(filepath.Join(file, "storage"), scope)
	m := mintOf("one", token.AccessDeploy)
	_, lockErr := s.LockMints(t.Context(), "web")
	for what, err := range map[string]error{
		"lock": lockErr, "announce": s.AnnounceMint(t.Context(), m), "settle": s.SettleMint(t.Context(), m),
	} {
		var failed *tokenstore.WriteError
		if !errors.As(err, &failed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.LockMints(t.Context(), "../web"); !errors.Is(err, token.ErrInvalidRequest) {
		t.Errorf("a path for an app: %v", err)
	}
}
