package tokenstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

func mintOf(name string, access token.Access) token.Mint {
	return token.Mint{
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
	if got, err := s.Announced(t.Context(), "web"); err != nil || len(got) != 0 {
		t.Fatalf("before anything: %v, %v", got, err)
	}
	mints := []token.Mint{mintOf("../a (terraform 1)", token.AccessDeploy), mintOf("b\x00", token.AccessReadOnly)}
	for _, m := range mints {
		if err := s.Announce(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	next := tokenstore.Open(root, scope)
	got, err := next.Announced(t.Context(), "web")
	if diff := cmp.Diff(mints, got); err != nil || diff != "" {
		t.Errorf("%v:\n%s", err, diff)
	}
	elsewhere := tokenstore.Open(root, tokenstore.Scope{APIBaseURL: "https://fly.example"})
	if got, err := elsewhere.Announced(t.Context(), "web"); err != nil || len(got) != 0 {
		t.Errorf("at another API: %v, %v", got, err)
	}
	for range 2 {
		if err := next.Settle(t.Context(), "web", mints[0].Name); err != nil {
			t.Error(err)
		}
	}
	if got, err := s.Announced(t.Context(), "web"); err != nil || len(got) != 1 || got[0].Name != mints[1].Name {
		t.Errorf("after one was settled: %v, %v", got, err)
	}
}

// A mint's file that is damaged, or another app's, is passed over.
func TestMintsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	good, bad := mintOf("good", token.AccessDeploy), mintOf("bad", token.AccessDeploy)
	if err := errors.Join(s.Announce(t.Context(), good), s.Announce(t.Context(), bad)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", `[]`, `{"schema":2,"api":"https://api.fly.io","app":"web","name":"bad"}`, `{"schema":1,"api":"https://api.fly.io","app":"worker","name":"bad"}`, `{"schema":1,"api":"https://api.fly.io","app":"web"}`} {
		if err := errors.Join(s.Settle(t.Context(), "web", bad.Name), s.Announce(t.Context(), bad), s.Settle(t.Context(), "web", good.Name)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mintFiles(t, root)[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Announce(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Announced(t.Context(), "web"); err != nil || len(got) != 1 || got[0].Name != "good" {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// What is learned of a mint later is kept beside what was announced, and the
// identifier settles it.
func TestMintsLearnMore(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	m := mintOf("one", token.AccessDeploy)
	m.Kind, m.Owner, m.Workspace, m.Spec, m.Replaces = token.MintManaged, s.Owner(), "here", "this", "lat_0"
	if err := errors.Join(s.Announce(t.Context(), m), s.Identify(t.Context(), "web", "one", "lat_1"), s.Deliver(t.Context(), "web", "one"),
		s.Identify(t.Context(), "web", "two", "lat_2")); err != nil {
		t.Fatal(err)
	}
	m.ID, m.Delivered = "lat_1", true
	next := tokenstore.Open(root, scope)
	got, err := next.Announced(t.Context(), "web")
	if diff := cmp.Diff([]token.Mint{m}, got); err != nil || diff != "" {
		t.Errorf("%v:\n%s", err, diff)
	}
	if alive, certain := next.Alive(t.Context(), s.Owner()); !alive || !certain {
		t.Errorf("the owner that runs is alive: %v, for certain: %v", alive, certain)
	}
	if err := next.SettleID(t.Context(), "web", "lat_1"); err != nil || len(mintFiles(t, root)) != 0 {
		t.Errorf("%v is left: %v", mintFiles(t, root), err)
	}
}

// Without locks it is not certain which processes are alive.
func TestOwnersWithoutLocks(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	if err := s.Announce(t.Context(), mintOf("one", token.AccessDeploy)); err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{s.Owner(), "AAAAAAAAAAAAAAAAAAAAAAAAAA", "../AAAAAAAAAAAAAAAAAAAAAAA"} {
		other := tokenstore.Open(root, scope)
		other.SetFault(func(op, _ string) error {
			if op == "lock" {
				return syscall.ENOLCK
			}
			return nil
		})
		if alive, certain := other.Alive(t.Context(), owner); alive || certain {
			t.Errorf("%s is alive: %v, for certain: %v", owner, alive, certain)
		}
	}
}

// A folder that cannot be written is said to be one.
func TestMintsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "not a folder")
	s := tokenstore.Open(filepath.Join(file, "storage"), scope)
	m := mintOf("one", token.AccessDeploy)
	for what, err := range map[string]error{
		"announce": s.Announce(t.Context(), m), "settle": s.Settle(t.Context(), "web", m.Name),
	} {
		var failed *tokenstore.WriteError
		if !errors.As(err, &failed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Settle(t.Context(), "../web", "one"); !errors.Is(err, token.ErrInvalidRequest) {
		t.Errorf("a path for an app: %v", err)
	}
}
