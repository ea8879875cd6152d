package token_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// failing is a source that misses with err.
func failing(name token.SourceName, err error) *link {
	return &link{name: name, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		return token.Candidate{}, err
	}}
}

// found is a source whose login was found in a named place.
func found(name token.SourceName, tok token.Token, from string, broad bool, end time.Time) *link {
	return &link{name: name, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		return token.Candidate{Record: token.Record{Token: tok, ExpiresAt: end}, From: from, Broad: broad}, nil
	}}
}

// A login with access to more than the app is returned only if the
// configuration names its source, independent of flyctl's earlier runs and of
// temporary failures.
func TestBroadLoginNeedsItsSourceNamed(t *testing.T) {
	t.Parallel()
	oauth, err := token.Parse("fo1_" + strings.Repeat("x", 43))
	if err != nil {
		t.Fatal(err)
	}
	organization, app := newToken(t), newToken(t)
	forNow := &token.MissError{Reason: "HTTP 503", Fix: "try again later", Temporary: true}
	forGood := &token.MissError{Reason: "no flyctl on PATH", Fix: "install flyctl"}
	for name, test := range map[string]struct {
		cli   error
		env   *link
		named token.SourceName
		want  token.Token
		says  string
	}{
		"OAuth":                               {cli: forGood, env: found(token.SourceEnv, oauth, "FLY_API_TOKEN", true, time.Time{}), says: `env: the login in FLY_API_TOKEN is an OAuth token (fo1_…), which gives access to the whole account: let cli or api mint a token, or list "env" in sources`},
		"OAuth, named":                        {cli: forGood, env: found(token.SourceEnv, oauth, "FLY_API_TOKEN", true, time.Time{}), named: token.SourceEnv, want: oauth},
		"OAuth, named, after a miss for now":  {cli: forNow, env: found(token.SourceEnv, oauth, "FLY_API_TOKEN", true, time.Time{}), named: token.SourceEnv, want: oauth},
		"organization, after a miss for now":  {cli: forNow, env: found(token.SourceEnv, organization, "FLY_API_TOKEN", true, time.Time{}), says: `env: the token in FLY_API_TOKEN gives access to more than this app and does not replace the token that cli temporarily cannot mint: try again`},
		"organization, after a miss for good": {cli: forGood, env: found(token.SourceEnv, organization, "FLY_API_TOKEN", true, time.Time{}), want: organization},
		"one app, after a miss for now":       {cli: forNow, env: found(token.SourceEnv, app, "FLY_API_TOKEN", false, time.Time{}), want: app},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := token.New(token.Options{
				Sources: []token.Source{failing(token.SourceCLI, test.cli), test.env}, TokenTTL: 24 * time.Hour, MinValidity: time.Hour,
				Named: func(name token.SourceName) bool { return name == test.named },
			})
			res, err := r.Read(t.Context(), web, token.PolicyIfExpired)
			if res.Token != test.want {
				t.Errorf("token %v, error %v, want %v", res.Token, err, test.want)
			}
			if test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("error = %v, want it to say %q", err, test.says)
			}
			if res.Token == oauth && !strings.Contains(fmt.Sprint(res.Warnings), "cli: "+test.cli.Error()) {
				t.Errorf("warnings %+v do not say why cli has no token", res.Warnings)
			}
		})
	}
}

// After a temporary miss, a stale but valid stored token precedes every other
// source. The sources that mint are asked first.
func TestStaleStoredTokenGoesFirstAfterAMissForNow(t *testing.T) {
	t.Parallel()
	stored := token.Record{Token: newToken(t), Origin: token.SourceCLI, AcquiredAt: time.Now().Add(-23 * time.Hour), ExpiresAt: time.Now().Add(10 * time.Minute)}
	for name, mintable := range map[string]bool{"nothing mints": false, "api mints": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemory()
			m.minted[web], m.acquired[web] = stored, 1
			api := failing(token.SourceAPI, context.DeadlineExceeded)
			if mintable {
				api = minter(t, token.SourceAPI, 0, 24*time.Hour)
			}
			env := found(token.SourceEnv, newToken(t), "FLY_API_TOKEN", false, time.Now().Add(time.Hour*24))
			r := newResolver(m, storageLink(), failing(token.SourceCLI, &token.MissError{Reason: "HTTP 429", Temporary: true}), api, env)
			res, err := r.Read(t.Context(), web, token.PolicyIfExpired)
			if err != nil || res.Stale == mintable || (res.Token == stored.Token) == mintable {
				t.Errorf("token of %s, stale %v, error %v", res.Source, res.Stale, err)
			}
			wantCalls(t, env, 0)
		})
	}
}

// elsewhere is a Fly that answers for every token that it is for other apps.
type elsewhere struct{}

func (elsewhere) Verify(context.Context, token.Request, token.Token) error {
	return fmt.Errorf("%w: HTTP 403", token.ErrOutOfReach)
}

// Two tokens in a row that are for other apps mean that the organization is
// wrong: the resolution ends, names both organizations, and discards the second
// token.
func TestWrongOrganizationEndsTheChain(t *testing.T) {
	t.Parallel()
	req := token.Request{App: "web", Access: token.AccessReadOnly, Organization: "acme"}
	m := newMemory()
	m.minted[req] = token.Record{Token: newToken(t), Origin: token.SourceCLI, AcquiredAt: time.Now(), ExpiresAt: time.Now().Add(24 * time.Hour)}
	cli, api := minter(t, token.SourceCLI, 0, 24*time.Hour), minter(t, token.SourceAPI, 0, 24*time.Hour)
	discarded := 0
	r := token.New(token.Options{
		Sources: []token.Source{storageLink(), cli, api}, Store: m, Verifier: elsewhere{}, TokenTTL: 24 * time.Hour, MinValidity: time.Hour,
		Narrower:     anyAccess{},
		Organization: func(context.Context, token.Request) (string, error) { return "globex", nil },
		Discard:      func(context.Context, token.Request, token.Record) error { discarded++; return nil },
	})
	_, err := r.Refresh(t.Context(), req, token.PolicyIfRejected)
	want := `cli: a token minted in organization "acme" has no access to app "web", which belongs to organization "globex": set organization, or FLY_ORG, to "globex", or remove it`
	if !errors.Is(err, token.ErrOutOfReach) || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want it to say %q", err, want)
	}
	wantCalls(t, cli, 1)
	wantCalls(t, api, 0)
	if _, there := m.minted[req]; there || discarded != 1 {
		t.Errorf("stored: %v, discarded %d, want nothing stored and one discarded", there, discarded)
	}
}

// A rejected login is named by its origin, and 403 is distinguished from 401.
func TestRejectedLoginNamesItsPlace(t *testing.T) {
	t.Parallel()
	r := verifying(newMemory(), elsewhere{}, found(token.SourceEnv, newToken(t), "FLY_API_TOKEN", false, time.Time{}))
	_, err := r.Refresh(t.Context(), web, token.PolicyIfRejected)
	want := `it is valid, but not for app "web": set a different token in FLY_API_TOKEN`
	if err == nil || !strings.Contains(err.Error(), "Fly rejects the token found in FLY_API_TOKEN") || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want it to say %q", err, want)
	}
}
