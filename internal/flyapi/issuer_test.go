package flyapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// issuer mints at s with a login, for a day.
type issuer struct{ *flyapi.Issuer }

// issue mints a token for req under a unique name.
func (i issuer) issue(ctx context.Context, req token.Request) (flyapi.Issued, error) {
	return i.Issue(ctx, req, nil, token.MintName(req), 24*time.Hour)
}

func newIssuer(t *testing.T, s *flytest.Server, tok token.Token) issuer {
	t.Helper()
	c := client(t, s)
	return issuer{flyapi.NewIssuer(flyapi.NewDirectory(c, login(tok)))}
}

// permits returns whether a token allows an action on app number id in an
// organization.
func permits(t *testing.T, tok token.Token, action macaroon.Action, organization, id uint64) bool {
	t.Helper()
	bundle, err := macaroon.ParseBundle(tok.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return bundle.Permits(macaroon.Access{Action: action, OrgID: &organization, AppID: &id}) == nil
}

func TestIssuerMints(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		request token.Request
		profile string
		lookups map[flytest.Operation]int
		writes  bool
	}{
		"unset":                      {token.Request{App: "web"}, "deploy_organization", map[flytest.Operation]int{flytest.OpLookupApp: 1}, false},
		"unset with organization":    {token.Request{App: "web", Organization: "acme"}, "deploy_organization", map[flytest.Operation]int{flytest.OpLookupApp: 1}, false},
		"unset, a future app":        {token.Request{App: "new", Organization: "acme"}, "deploy_organization", map[flytest.Operation]int{flytest.OpLookupApp: 1, flytest.OpLookupOrganization: 1}, false},
		"readonly":                   {token.Request{App: "web", Access: token.AccessReadOnly}, "deploy_organization", map[flytest.Operation]int{flytest.OpLookupApp: 1}, false},
		"readonly with organization": {token.Request{App: "web", Access: token.AccessReadOnly, Organization: "acme"}, "deploy_organization", map[flytest.Operation]int{flytest.OpLookupApp: 1}, false},
		"deploy":                     {token.Request{App: "web", Access: token.AccessDeploy}, "deploy", map[flytest.Operation]int{flytest.OpLookupApp: 1}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			before := time.Now()
			got, err := newIssuer(t, s, s.Login("both")).issue(t.Context(), tc.request)
			if err != nil {
				t.Fatal(err)
			}
			one := s.Issued()[0]
			if one.Profile != tc.profile || one.Name != got.MintName || !strings.HasPrefix(one.Name, "terraform-provider-fly "+tc.request.App+" ") || one.Organization != "acme" {
				t.Errorf("the server made %+v", one)
			}
			if !got.Minted || got.Origin != token.SourceAPI || got.ID != one.ID || got.AcquiredAt.Before(before) {
				t.Errorf("the candidate is %+v", got)
			}
			if got.ExpiresAt.After(got.AcquiredAt.Add(24*time.Hour)) || got.ExpiresAt.Before(before.Add(24*time.Hour-2*time.Second)) {
				t.Errorf("it expires at %s, want a day from %s", got.ExpiresAt, before)
			}
			if !permits(t, got.Token, macaroon.ActionRead, 4700, 8000) || permits(t, got.Token, macaroon.ActionWrite, 4700, 8000) != tc.writes {
				t.Error("it does not read the app, or its right to write is wrong")
			}
			if permits(t, got.Token, macaroon.ActionRead, 4701, 8002) {
				t.Error("it reads an app of another organization")
			}
			for _, op := range []flytest.Operation{flytest.OpLookupApp, flytest.OpLookupOrganization} {
				if n := s.Count(op); n != tc.lookups[op] {
					t.Errorf("%d times %q, want %d", n, op, tc.lookups[op])
				}
			}
		})
	}
}

func TestIssuerMisses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		login   func(*flytest.Server) token.Token
		request token.Request
		reads   string
	}{
		"no login": {
			func(*flytest.Server) token.Token { return token.Token{} },
			token.Request{App: "web"},
			"no login to mint with: run `fly auth login`, or set FLY_API_TOKEN",
		},
		"no such app": {
			func(s *flytest.Server) token.Token { return s.Login("both") },
			token.Request{App: "nowhere"},
			`look up app "nowhere": the app does not exist, or this token cannot see it`,
		},
		"no such organization": {
			func(s *flytest.Server) token.Token { return s.Login("second") },
			token.Request{App: "web", Organization: "acme"},
			`look up organization "acme": the organization does not exist, or this token cannot see it`,
		},
		"another organization": {
			func(s *flytest.Server) token.Token { return s.Login("both") },
			token.Request{App: "web", Organization: "globex", Access: token.AccessDeploy},
			`app "web" belongs to organization "acme", not to "globex": correct`,
		},
		"another organization, any access": {
			func(s *flytest.Server) token.Token { return s.Login("both") },
			token.Request{App: "web", Organization: "globex"},
			`app "web" belongs to organization "acme", not to "globex": correct`,
		},
		"a scoped login": {
			func(s *flytest.Server) token.Token { return s.Make(flytest.Make{Organization: "acme"}) },
			token.Request{App: "web"},
			"Fly refused to mint with this login, and scoped tokens cannot mint other tokens",
		},
		"a login that was revoked": {
			func(s *flytest.Server) token.Token { s.Revoke(s.Login("both")); return s.Login("both") },
			token.Request{App: "web"},
			"Fly does not accept the token that was sent",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			tok := tc.login(s)
			_, err := newIssuer(t, s, tok).issue(t.Context(), tc.request)
			var miss *token.MissError
			if !errors.As(err, &miss) || miss.Fix == "" || !strings.Contains(err.Error(), tc.reads) {
				t.Errorf("Acquire = %v, want a miss that reads %q and says what to do", err, tc.reads)
			}
			noLeak(t, err.Error(), tok)
		})
	}
}

func TestIssuerAsksOnceWhetherAScopedLoginMints(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	link := newIssuer(t, s, s.Make(flytest.Make{Organization: "acme"}))
	for _, app := range []string{"web", "worker", "web"} {
		if _, err := link.issue(t.Context(), token.Request{App: app}); !errors.Is(err, flyapi.ErrNotPermitted) {
			t.Errorf("issue(%s) = %v", app, err)
		}
	}
	if n := s.Count(flytest.OpMint); n != 1 {
		t.Errorf("%d mints were tried, want 1", n)
	}
}

// A session's macaroons may mint: only Fly can decide.
func TestIssuerMintsWithMacaroonsThatMay(t *testing.T) {
	t.Parallel()
	world := world()
	world.ScopedMint = true
	s := flytest.New(t, world)
	link := newIssuer(t, s, s.Make(flytest.Make{Organization: "acme"}))
	if _, err := link.issue(t.Context(), token.Request{App: "web"}); err != nil {
		t.Error(err)
	}
}

// A failure that does not concern the login does not mark it as scoped.
func TestIssuerForgivesAServer(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	link := newIssuer(t, s, s.Login("both"))
	once := flytest.Fail(500, `{}`)
	once.Times = 1
	s.Inject(flytest.OpMint, once)
	if _, err := link.issue(t.Context(), token.Request{App: "web"}); !errors.Is(err, flyapi.ErrUnavailable) {
		t.Errorf("Acquire = %v", err)
	}
	if _, err := link.issue(t.Context(), token.Request{App: "web"}); err != nil {
		t.Error(err)
	}
}

func TestIssuerHundredApps(t *testing.T) {
	t.Parallel()
	const many = 100
	world := world()
	for i := range many {
		world.Apps = append(world.Apps, flytest.App{Name: fmt.Sprintf("app-%d", i), Organization: "acme"})
	}
	s := flytest.New(t, world)
	link := newIssuer(t, s, s.Login("both"))
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			release, err := link.Slot(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			access := []token.Access{token.AccessAny, token.AccessReadOnly, token.AccessDeploy}[i%3]
			if _, err := link.issue(t.Context(), token.Request{App: fmt.Sprintf("app-%d", i), Access: access}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if lookups := s.Count(flytest.OpAny) - s.Count(flytest.OpMint); lookups != 1 {
		t.Errorf("%d lookups, want 1", lookups)
	}
	if mints := s.Count(flytest.OpMint); mints != many {
		t.Errorf("%d mints, want %d", mints, many)
	}
	if most := s.MaxInFlight(); most > flyapi.DefaultMaxParallel {
		t.Errorf("%d requests were in flight, want at most %d", most, flyapi.DefaultMaxParallel)
	}
}

func TestIssuerSlotLetsItsCallerLeave(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	link := newIssuer(t, s, s.Login("both"))
	for range flyapi.DefaultMaxParallel {
		if _, err := link.Slot(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := link.Slot(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Slot = %v, want the context's error", err)
	}
}

// TestIssuerChecksTheMintedToken answers with tokens that Fly would not mint.
func TestIssuerChecksTheMintedToken(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	forever := s.Make(flytest.Make{App: "web"})
	minted := func(header string) flytest.Fault {
		return flytest.Fail(200, fmt.Sprintf(
			`{"data":{"createLimitedAccessToken":{"limitedAccessToken":{"id":"x","expiresAt":"later","tokenHeader":%q}}}}`, header))
	}
	request := token.Request{App: "web", Access: token.AccessDeploy}

	s.Inject(flytest.OpMint, minted(forever.AuthorizationHeader()))
	got, err := newIssuer(t, s, s.Login("both")).issue(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if life := got.ExpiresAt.Sub(got.AcquiredAt); life <= 0 || life > 24*time.Hour {
		t.Errorf("a token of twenty years is valid for %s, want a day", life)
	}
	if !permits(t, got.Token, macaroon.ActionAll, 4700, 8000) {
		t.Error("it lost what it allows")
	}

	for name, header := range map[string]string{
		"OAuth":          s.Login("both").AuthorizationHeader(),
		"no macaroon":    "FlyV1 fm2_bm90IGEgbWFjYXJvb24=",
		"cut off":        forever.Reveal()[:201],
		"another scheme": "Digest " + forever.Reveal(),
		"nothing":        "",
	} {
		s.Reset()
		s.Inject(flytest.OpMint, minted(header))
		_, err := newIssuer(t, s, s.Login("both")).issue(t.Context(), token.Request{App: "web"})
		var miss *token.MissError
		if !errors.As(err, &miss) {
			t.Fatalf("%s: Acquire = %v, want a miss", name, err)
		}
		noLeak(t, err.Error(), forever)
		noLeak(t, err.Error(), s.Login("both"))
	}
}
