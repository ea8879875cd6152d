package mint_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
)

// server is a Fly with one app.
func server(t *testing.T, secure bool) *flytest.Server {
	t.Helper()
	return flytest.New(t, flytest.World{
		TLS:           secure,
		Organizations: []flytest.Organization{{Slug: "acme", NumericID: 41}},
		Apps:          []flytest.App{{Name: "web", Organization: "acme", NumericID: 71}},
		Users:         []flytest.User{{Name: "owner", Organizations: []string{"acme"}}},
	})
}

// open opens the storage in a folder, as a different process would.
func open(s *flytest.Server, folder string) *tokenstore.Store {
	return tokenstore.Open(dir.Open(folder), tokenstore.Scope{APIBaseURL: s.URL()})
}

// dead is a journal for which every other process has ended.
type dead struct{ mint.Journal }

// Alive reports that only this process is alive.
func (j dead) Alive(_ context.Context, owner string) (alive, certain bool) {
	return owner == j.Owner(), true
}

// minter mints at s, and trusts it.
func minter(t *testing.T, s *flytest.Server, journal mint.Journal) *mint.Minter {
	t.Helper()
	c, err := flyapi.New(flyapi.Config{
		BaseURL: s.URL(), MachinesBaseURL: s.URL(), Version: "test", Timeout: time.Minute, RetryWait: time.Millisecond,
		Wrap: func(base http.RoundTripper) http.RoundTripper {
			transport, ok := base.(*http.Transport)
			if ok && s.Certificate() != nil {
				roots := x509.NewCertPool()
				roots.AddCert(s.Certificate())
				transport.TLSClientConfig = &tls.Config{RootCAs: roots}
			}
			return base
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	login := func(context.Context) (token.Token, error) { return s.Login("owner"), nil }
	return mint.New(mint.Config{
		Client: c, Directory: flyapi.NewDirectory(c, login), Login: login, Journal: journal,
		Process: mint.NewProcess(), Timeout: time.Minute, Now: time.Now,
	})
}

// live lists the names of the tokens that are not revoked.
func live(s *flytest.Server) (names []string) {
	for _, one := range s.Issued() {
		if one.RevokedAt.IsZero() {
			names = append(names, one.Name)
		}
	}
	return names
}

var web = token.Request{App: "web", Access: token.AccessDeploy}

// A mint and a revocation that an HTTP/2 server ends with GOAWAY leave nothing.
func TestGoAway(t *testing.T) {
	t.Parallel()
	s := server(t, true)
	m := minter(t, s, open(s, t.TempDir()))
	s.Inject(flytest.OpMint, flytest.LostToGoAway(1))
	if c, _, err := m.Lease(t.Context(), web, nil, time.Hour); err == nil || len(live(s)) != 0 || s.Count(flytest.OpMint) != 1 {
		t.Errorf("after %d mints, %v is live: %v, %v", s.Count(flytest.OpMint), live(s), c.ID, err)
	}
	c, _, err := m.Lease(t.Context(), web, nil, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.Inject(flytest.OpRevoke, flytest.LostToGoAway(2))
	before := s.Count(flytest.OpRevoke)
	if err := m.Revoke(t.Context(), c.ID); err != nil || len(live(s)) != 0 || s.Count(flytest.OpRevoke) != before+3 {
		t.Errorf("after %d revocations, %v is live: %v", s.Count(flytest.OpRevoke)-before, live(s), err)
	}
}

// An uncertain mint of a source stays announced by its claim, and the next
// holder revokes it. It does not revoke mints of live processes or of other
// owners.
func TestRecover(t *testing.T) {
	t.Parallel()
	s := server(t, false)
	folder := t.TempDir()
	first := open(s, folder)
	lost := minter(t, s, first)
	kinds := map[string]token.MintKind{"source": token.MintSource, "managed": token.MintManaged, "lease": token.MintLease}
	for name, kind := range kinds {
		m := token.Mint{Request: web, Name: name, Kind: kind, Owner: first.Owner(), ExpiresAt: time.Now().Add(time.Hour)}
		if err := first.Announce(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		s.Inject(flytest.OpMint, flytest.Lost(1))
		s.Inject(flytest.OpList, flytest.After(1, flytest.FailGraphQL("SERVER_ERROR", "no")), flytest.After(1, flytest.FailGraphQL("SERVER_ERROR", "no")))
		_, err := lost.Source(time.Hour).Mint(t.Context(), web, name)
		if !errors.Is(err, token.ErrMintUncertain) {
			t.Fatalf("the mint is certain: %v", err)
		}
	}
	left, err := first.Announced(t.Context(), "web")
	if err != nil || len(left) != len(kinds) {
		t.Fatalf("%v is announced: %v", left, err)
	}
	minter(t, s, open(s, folder)).Recover(t.Context(), "web", left)
	if names := live(s); len(names) != len(kinds) {
		t.Errorf("while its owner is alive, %v is live", names)
	}
	minter(t, s, dead{open(s, folder)}).Recover(t.Context(), "web", left)
	names := live(s)
	slices.Sort(names)
	if rest, err := first.Announced(t.Context(), "web"); err != nil || !slices.Equal(names, []string{"lease", "managed"}) || len(rest) != 2 {
		t.Errorf("%v is live, %v is announced: %v", names, rest, err)
	}
}

// A process may recover mints that its own sources left uncertain.
func TestRecoverOwn(t *testing.T) {
	t.Parallel()
	s := server(t, false)
	journal := open(s, t.TempDir())
	m := minter(t, s, journal)
	one := token.Mint{Request: web, Name: "one", Kind: token.MintSource, Owner: journal.Owner(), ExpiresAt: time.Now().Add(time.Hour)}
	if err := journal.Announce(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Source(time.Hour).Mint(t.Context(), web, "one"); err != nil {
		t.Fatal(err)
	}
	m.Recover(t.Context(), "web", []token.Mint{one})
	if left, err := journal.Announced(t.Context(), "web"); err != nil || len(left) != 0 || len(live(s)) != 0 {
		t.Errorf("%v is live, %v is announced: %v", live(s), left, err)
	}
}

// A repeated mint is not trusted if the list lacks the received token, because
// there may be another one.
func TestRepeatedMintNotListed(t *testing.T) {
	t.Parallel()
	s := server(t, false)
	m := minter(t, s, nil)
	empty := `{"data":{"owner":{"limitedAccessTokens":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}}`
	s.Inject(flytest.OpMint, flytest.After(1, flytest.Fail(502, "")))
	s.Inject(flytest.OpList, flytest.Fail(200, empty))
	if _, err := m.Source(time.Hour).Acquire(t.Context(), web); !errors.Is(err, token.ErrMintUncertain) || s.Count(flytest.OpRevoke) != 1 {
		t.Errorf("%d revocations: %v", s.Count(flytest.OpRevoke), err)
	}
}

// Expired mints are forgotten without a request to Fly.
func TestExpiredMints(t *testing.T) {
	t.Parallel()
	s := server(t, false)
	journal := open(s, t.TempDir())
	for _, kind := range []token.MintKind{token.MintSource, token.MintManaged, token.MintLease} {
		one := token.Mint{Request: web, Name: string(kind), Kind: kind, Owner: "gone", ExpiresAt: time.Now().Add(-time.Second)}
		if err := journal.Announce(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	if warnings := minter(t, s, journal).Clear(t.Context(), mint.Managed{Request: web}); len(warnings) != 0 {
		t.Error(warnings)
	}
	if left, err := journal.Announced(t.Context(), "web"); err != nil || len(left) != 0 || s.Count(flytest.OpAny) != 0 {
		t.Errorf("%v is announced after %d requests: %v", left, s.Count(flytest.OpAny), err)
	}
}
