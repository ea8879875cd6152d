package token_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// members is a Fly that accepts a token for the apps of the organization that it was
// minted in, unless it was revoked.
type members struct {
	mu      sync.Mutex
	of      map[token.Token]string // token → organization
	in      map[string]string      // app → organization, acme if unset
	revoked map[token.Token]bool
	shown   int
}

func newMembers() *members {
	return &members{of: map[token.Token]string{}, in: map[string]string{}, revoked: map[token.Token]bool{}}
}

func (m *members) Verify(_ context.Context, req token.Request, tok token.Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shown++
	in := m.in[req.App]
	if in == "" {
		in = "acme"
	}
	switch {
	case m.revoked[tok]:
		return fmt.Errorf("%w: HTTP 401", token.ErrRejected)
	case m.of[tok] != in:
		return fmt.Errorf("%w: HTTP 403", token.ErrOutOfReach)
	}
	return nil
}

// minting is a source whose tokens reach the organization that they are minted in.
func (m *members) minting(t *testing.T) *link {
	t.Helper()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	mint := cli.acquire
	cli.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
		c, err := mint(ctx, req)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.of[c.Token] = req.Organization
		return c, err
	}
	return cli
}

// checking is a new run's resolver.
func checking(m *memory, d *directory, fly *members, cli token.Source) *token.Resolver {
	o := sharingOptions(m, d, storageLink(), cli)
	o.Verifier = fly
	return token.New(o)
}

// If Fly no longer knows the shared token, one new one replaces it for all apps.
func TestRevokedSharedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	m, d, fly := newMemory(), &directory{}, newMembers()
	cli := fly.minting(t)
	old := readAll(t, 20, token.PolicyIfRejected, "", checking(m, d, fly, cli))
	fly.revoked[old[0].Token] = true
	all := readAll(t, 20, token.PolicyIfRejected, "", checking(m, d, fly, cli))
	if wantOne(t, all); all[0].Token == old[0].Token || m.minted[acme].Token != all[0].Token {
		t.Error("the revoked token is still in use")
	}
	wantCalls(t, cli, 2)
}

// An app that moved to a different organization gets the token of that one. The other
// apps keep theirs.
func TestMovedAppSharesItsNewOrganizationsToken(t *testing.T) {
	t.Parallel()
	m, d, fly := newMemory(), &directory{moved: map[string]string{}}, newMembers()
	cli := fly.minting(t)
	old := readAll(t, 3, token.PolicyIfRejected, "", checking(m, d, fly, cli))
	fly.in["app-1"], d.moved["app-1"] = "globex", "globex"
	for range 2 {
		all := readAll(t, 3, token.PolicyIfRejected, "", checking(m, d, fly, cli))
		if all[0].Token != old[0].Token || all[2].Token != old[0].Token || all[1].SharedWith != "globex" {
			t.Errorf("the apps share with %s, %s and %s", all[0].SharedWith, all[1].SharedWith, all[2].SharedWith)
		}
	}
	wantCalls(t, cli, 2)
	if m.belongs["app-1"] != "globex" {
		t.Errorf("storage has organization %q for the app that moved", m.belongs["app-1"])
	}
}

// In the run that mints, too, an app of a different organization than the one named does
// not get that one's token.
func TestTokenOfThisRunIsForMembersOnly(t *testing.T) {
	t.Parallel()
	m, d, fly := newMemory(), &directory{moved: map[string]string{"shop": "globex"}}, newMembers()
	r := checking(m, d, fly, fly.minting(t))
	shared := readAll(t, 1, token.PolicyIfExpired, "acme", r)
	res, err := r.Read(t.Context(), token.Request{App: "shop", Organization: "acme"}, token.PolicyIfExpired)
	if err == nil && res.Token == shared[0].Token {
		t.Error("the app of a different organization has the shared token")
	}
}

// An app that cannot be looked up, and that does not belong to the organization named,
// ends with an error, also in the run that mints. It causes no further mint, and the
// other apps keep their token.
func TestForeignAppKeepsTheSharedToken(t *testing.T) {
	t.Parallel()
	m, d, fly := newMemory(), &directory{}, newMembers()
	cli := fly.minting(t)
	fly.in["ghost"] = "globex"
	d.hidden = "ghost"
	r := checking(m, d, fly, cli)
	old := readAll(t, 1, token.PolicyIfRejected, "acme", r)
	for range 3 {
		_, err := r.Read(t.Context(), token.Request{App: "ghost", Organization: "acme"}, token.PolicyIfRejected)
		if want := `a token minted in organization "acme" has no access to app "ghost"`; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want it to say %q", err, want)
		}
		if all := readAll(t, 1, token.PolicyIfRejected, "acme", r); all[0].Token != old[0].Token {
			t.Error("the other app has a new token")
		}
		r = checking(m, d, fly, cli)
	}
	wantCalls(t, cli, 1)
}

// If Fly refuses the shared token for an app of the organization, one successor is
// tried. If Fly refuses that one as well, the error names the organization, and no app
// causes a third mint.
func TestRefusedSharedTokenIsMintedOnceMore(t *testing.T) {
	t.Parallel()
	m, d, fly := newMemory(), &directory{}, newMembers()
	cli := fly.minting(t)
	readAll(t, 3, token.PolicyIfRejected, "", checking(m, d, fly, cli))
	fly.in["app-1"], fly.in["app-2"] = "globex", "globex"
	r := checking(m, d, fly, cli)
	for _, app := range []string{"app-1", "app-2"} {
		_, err := r.Read(t.Context(), token.Request{App: app}, token.PolicyIfRejected)
		want := fmt.Sprintf(`a token minted in organization "acme" has no access to app %q, although it was minted in the app's organization "acme"`, app)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want it to say %q", err, want)
		}
	}
	if res, err := r.Read(t.Context(), token.Request{App: "app-0"}, token.PolicyIfRejected); err != nil || res.Token != m.minted[acme].Token {
		t.Errorf("an app of the organization has no access: %v", err)
	}
	wantCalls(t, cli, 2)
}
