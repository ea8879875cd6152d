package flyapi_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// ttl is the maximum lifetime of tokens from the tests' narrower.
const ttl = time.Hour

// bundle parses a test's token.
func bundle(t *testing.T, tok token.Token) macaroon.Bundle {
	t.Helper()
	b, err := macaroon.ParseBundle(tok.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// join returns the bundle of several tokens.
func join(t *testing.T, tokens ...token.Token) token.Token {
	t.Helper()
	var texts []string
	for _, tok := range tokens {
		texts = append(texts, tok.Reveal())
	}
	tok, err := token.Parse(strings.Join(texts, ","))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// proves fails the test unless tok proves the access to app and Fly accepts it.
func proves(t *testing.T, s *flytest.Server, tok token.Token, access token.Access, app string, number uint64) {
	t.Helper()
	b := bundle(t, tok)
	prove := b.ProveReadOnly
	if access == token.AccessDeploy {
		prove = b.ProveDeploy
	}
	if err := prove(number); err != nil {
		t.Errorf("access %s: %v", access, err)
	}
	if end := b.Expiry(time.Now()); end.IsZero() || end.After(time.Now().Add(ttl+time.Minute)) {
		t.Errorf("the token lives until %s, longer than %s", end, ttl)
	}
	if err := client(t, s).Show(t.Context(), tok, app); err != nil {
		t.Errorf("shown to Fly: %v", err)
	}
	for _, other := range []string{"worker", "shop"} {
		if err := client(t, s).Show(t.Context(), tok, other); !flyapi.Rejected(err) {
			t.Errorf("a different app, %s: %v, want a refusal by Fly", other, err)
		}
	}
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	for name, wide := range map[string]func(t *testing.T, s *flytest.Server) token.Token{
		"an organization's": func(_ *testing.T, s *flytest.Server) token.Token {
			return s.Make(flytest.Make{Organization: "acme"})
		},
		"an app's": func(_ *testing.T, s *flytest.Server) token.Token { return s.Make(flytest.Make{App: "web"}) },
		"an app's, of a short life": func(_ *testing.T, s *flytest.Server) token.Token {
			return s.Make(flytest.Make{App: "web", TTL: 10 * time.Minute})
		},
		"one for each organization": func(t *testing.T, s *flytest.Server) token.Token {
			t.Helper()
			return join(t, s.Make(flytest.Make{Organization: "globex"}), s.Make(flytest.Make{Organization: "acme"}))
		},
	} {
		for _, access := range []token.Access{token.AccessReadOnly, token.AccessDeploy} {
			t.Run(name+", "+string(access), func(t *testing.T) {
				t.Parallel()
				w := world()
				// Both ways to confine a deploy token to its app must work.
				w.AppsAtTop = access == token.AccessDeploy
				s := flytest.New(t, w)
				from := wide(t, s)
				n := flyapi.NewNarrower(flyapi.NewDirectory(client(t, s), login(s.Login("both"))), ttl)
				req := token.Request{App: "web", Access: access}
				c, err := n.Narrow(t.Context(), req, token.Candidate{Record: token.Record{Token: from, Origin: token.SourceEnv}})
				if err != nil {
					t.Fatal(err)
				}
				proves(t, s, c.Token, access, "web", 8000)
				if c.AppID != 8000 || c.Origin != token.SourceEnv || c.Token != from && (!c.Minted || c.Parent != from.Fingerprint() || c.AcquiredAt.IsZero()) {
					t.Errorf("record: app %d, origin %s, minted %t, parent %q", c.AppID, c.Origin, c.Minted, c.Parent)
				}
				// A token that it narrowed is returned unchanged, without any
				// call.
				s.Reset()
				again, err := n.Narrow(t.Context(), req, c)
				if err != nil || again.Token != c.Token || s.Count(flytest.OpAny) != 0 {
					t.Errorf("again: same token %t, %d requests, error %v", again.Token == c.Token, s.Count(flytest.OpAny), err)
				}
			})
		}
	}
}

func TestNarrowCannot(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		from func(s *flytest.Server) token.Token
		app  string
		want string
	}{
		"an OAuth token":               {func(s *flytest.Server) token.Token { return s.Login("both") }, "web", "is an OAuth token, which cannot be narrowed"},
		"a token for another app":      {func(s *flytest.Server) token.Token { return s.Make(flytest.Make{App: "worker"}) }, "web", "cannot be narrowed to access \"readonly\" on this app"},
		"an app that does not exist":   {func(s *flytest.Server) token.Token { return s.Make(flytest.Make{Organization: "acme"}) }, "nowhere", "because the app's number is unknown"},
		"another organization's token": {func(s *flytest.Server) token.Token { return s.Make(flytest.Make{Organization: "globex"}) }, "web", "is not for organization \"acme\""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			from := tc.from(s)
			n := flyapi.NewNarrower(flyapi.NewDirectory(client(t, s), login(s.Login("both"))), ttl)
			_, err := n.Narrow(t.Context(), token.Request{App: tc.app, Access: token.AccessReadOnly},
				token.Candidate{Record: token.Record{Token: from}})
			var miss *token.MissError
			if !errors.As(err, &miss) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v, want a miss that says %q", err, tc.want)
			}
			noLeak(t, err.Error(), from)
		})
	}
}
