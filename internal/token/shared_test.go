package token_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// acme is the request for the token that the apps of organization acme share.
var acme = token.Request{Organization: "acme"}

// directory answers with the organization of each app: acme, unless moved says otherwise.
type directory struct {
	mu    sync.Mutex
	moved map[string]string
	fail  error
	// hidden is an app that cannot be looked up.
	hidden string
	calls  int
}

func (d *directory) organization(_ context.Context, req token.Request) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	slug := d.moved[req.App]
	if slug == "" {
		slug = "acme"
	}
	switch {
	case d.fail != nil:
		return "", d.fail
	case req.App == d.hidden && req.Organization == "":
		return "", errors.New("no such app")
	case req.App == d.hidden:
		return req.Organization, nil // it cannot be compared
	case req.Organization != "" && req.Organization != slug:
		return "", &token.MissError{Reason: fmt.Sprintf("app %q belongs to %q", req.App, slug)}
	}
	return slug, nil
}

// sharing makes a resolver whose apps share the token of their organization.
func sharing(m *memory, d *directory, links ...token.Source) *token.Resolver {
	return token.New(sharingOptions(m, d, links...))
}

func sharingOptions(m *memory, d *directory, links ...token.Source) token.Options {
	o := token.Options{
		Sources: links, TokenTTL: 24 * time.Hour, MinValidity: time.Hour, Narrower: anyAccess{}, Organization: d.organization,
	}
	if m != nil {
		o.Store = m
	}
	return o
}

// readAll reads the token of n apps at once, and returns the answers.
func readAll(t *testing.T, n int, policy token.Policy, organization string, resolvers ...*token.Resolver) []token.Resolution {
	t.Helper()
	all := make([]token.Resolution, n*len(resolvers))
	var readers sync.WaitGroup
	for i := range all {
		readers.Go(func() {
			var err error
			req := token.Request{App: fmt.Sprintf("app-%d", i%n), Organization: organization}
			if all[i], err = resolvers[i/n].Read(t.Context(), req, policy); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
	return all
}

func wantOne(t *testing.T, all []token.Resolution) {
	t.Helper()
	for _, res := range all {
		if res.Token != all[0].Token || res.SharedWith != "acme" {
			t.Fatalf("a token is %v of %q, want %v of acme", res.Token.Fingerprint(), res.SharedWith, all[0].Token.Fingerprint())
		}
	}
}

// The apps of an organization share one mint, within a process and between processes,
// with and without storage. Later runs find it with one read of storage if the
// organization is set, and without a lookup if it is not.
func TestAppsShareOneMint(t *testing.T) {
	t.Parallel()
	for _, organization := range []string{"", "acme"} {
		synctest.Test(t, func(t *testing.T) {
			m, d := newMemory(), &directory{}
			cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
			cold := readAll(t, 100, token.PolicyIfExpired, organization, sharing(m, d, storageLink(), cli), sharing(m, d, storageLink(), cli))
			wantOne(t, cold)
			wantCalls(t, cli, 1)
			if m.minted[acme].Token != cold[0].Token || m.saves != 1 {
				t.Errorf("%d saves, want 1, for the organization", m.saves)
			}
			m.loads, d.calls = 0, 0
			warm := readAll(t, 100, token.PolicyIfExpired, organization, sharing(m, d, storageLink(), cli))
			if wantOne(t, warm); warm[0].Source != token.SourceStorage {
				t.Errorf("the source of a warm read is %s", warm[0].Source)
			}
			wantCalls(t, cli, 1)
			if organization != "" && m.loads != 1 || d.calls != 0 {
				t.Errorf("a warm run made %d reads of storage and %d lookups, want 1 and 0", m.loads, d.calls)
			}

			unstored := minter(t, token.SourceAPI, time.Second, 24*time.Hour)
			wantOne(t, readAll(t, 100, token.PolicyIfExpired, organization, sharing(nil, d, unstored)))
			wantCalls(t, unstored, 1)
		})
	}
}

// No app shares the token of a different organization, or one of a set access.
func TestOrganizationsAndAccessesShareNothing(t *testing.T) {
	t.Parallel()
	m, d := newMemory(), &directory{moved: map[string]string{"api": "globex"}}
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	r := sharing(m, d, storageLink(), cli)
	web, api := mustGet(t, r, "web"), mustGet(t, r, "api")
	if web.Token == api.Token || web.SharedWith != "acme" || api.SharedWith != "globex" {
		t.Errorf("the tokens are of %q and %q, equal: %t", web.SharedWith, api.SharedWith, web.Token == api.Token)
	}
	deploy, err := r.Read(t.Context(), token.Request{App: "web", Access: token.AccessDeploy}, token.PolicyIfExpired)
	if err != nil || deploy.Token == web.Token || deploy.SharedWith != "" {
		t.Errorf("the deploy token is shared with %q: %v", deploy.SharedWith, err)
	}
	wantCalls(t, cli, 3)
}

// A hundred plan-time reads under always make one new token.
func TestAlwaysMintsOnceForAllApps(t *testing.T) {
	t.Parallel()
	m, d := newMemory(), &directory{}
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	old := mustGet(t, sharing(m, d, storageLink(), cli), "app-0")
	all := readAll(t, 100, token.PolicyAlways, "acme", sharing(m, d, storageLink(), cli))
	if wantOne(t, all); all[0].Token == old.Token {
		t.Error("the run returned the token from before it")
	}
	wantCalls(t, cli, 2)
}

// One failure is the failure of all apps, each with the reasons of both sources, until
// a refresh.
func TestAppsShareOneFailure(t *testing.T) {
	t.Parallel()
	cli, api := missing(token.SourceCLI), missing(token.SourceAPI)
	r := sharing(newMemory(), &directory{}, storageLink(), cli, api)
	for _, app := range []string{"web", "worker", "web"} {
		_, err := r.Read(t.Context(), token.Request{App: app}, token.PolicyIfExpired)
		if err == nil || !strings.Contains(err.Error(), "cli: cli has none: give it one\napi: api has none") {
			t.Errorf("%s: %v, want both reasons", app, err)
		}
	}
	wantCalls(t, cli, 1)
	if _, err := r.Refresh(t.Context(), web, token.PolicyIfExpired); err == nil {
		t.Error("a token appeared")
	}
	wantCalls(t, cli, 2)
	wantCalls(t, api, 2)
}

// A source between two that mint keeps its position.
func TestSharedMintKeepsTheOrder(t *testing.T) {
	t.Parallel()
	api := minter(t, token.SourceAPI, 0, 24*time.Hour)
	r := sharing(newMemory(), &directory{}, storageLink(), missing(token.SourceCLI), login(token.SourceEnv, token.Record{Token: newToken(t)}), api)
	if res := mustGet(t, r, "web"); res.Source != token.SourceEnv || res.SharedWith != "" {
		t.Errorf("the source is %s, shared with %q: want env alone", res.Source, res.SharedWith)
	}
	wantCalls(t, api, 0)
}

// If the app belongs to a different organization than the one asked for, or its
// organization is unknown, the source is asked for the app and says why.
func TestUnknownOrganizationSharesNothing(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*directory{
		"different": {moved: map[string]string{"web": "globex"}},
		"unknown":   {fail: errors.New("no answer")},
	} {
		var asked token.Request
		cli := &link{name: token.SourceCLI, acquire: func(_ context.Context, req token.Request) (token.Candidate, error) {
			asked = req
			return token.Candidate{}, &token.MissError{Reason: "it cannot"}
		}}
		req := token.Request{App: "web", Organization: "acme"}
		if _, err := sharing(newMemory(), d, storageLink(), cli).Read(t.Context(), req, token.PolicyIfExpired); err == nil || asked != req {
			t.Errorf("%s: cli was asked for %+v: %v", name, asked, err)
		}
	}
}

// An invalidation ends the token for all apps that share it, also if a flight is under
// way. That flight answers its waiters only.
func TestInvalidationEndsSharedToken(t *testing.T) {
	t.Parallel()
	m, d := newMemory(), &directory{}
	var r *token.Resolver
	var once atomic.Bool
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	mint := cli.acquire
	cli.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
		c, err := mint(ctx, req)
		if once.CompareAndSwap(true, false) {
			return c, errors.Join(err, r.Invalidate(ctx, acme.Place()))
		}
		return c, err
	}
	r = sharing(m, d, storageLink(), cli)
	first := mustGet(t, r, "web")
	if got := mustGet(t, r, "worker"); got.Token != first.Token {
		t.Fatal("the apps share no token")
	}
	slug, err := r.SharedOrganization(t.Context(), web, "")
	if err != nil || slug != "acme" {
		t.Fatalf("the app shares the token of %q: %v", slug, err)
	}
	if err := r.Invalidate(t.Context(), acme.Place()); err != nil {
		t.Fatal(err)
	}
	once.Store(true)
	during := mustGet(t, r, "worker")
	after := mustGet(t, r, "web")
	if during.Token == first.Token || after.Token == during.Token || mustGet(t, r, "worker").Token != after.Token || m.minted[acme].Token != after.Token {
		t.Error("a token outlived the invalidation")
	}
	wantCalls(t, cli, 3)
}
