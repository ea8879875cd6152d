package provider_test

import (
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	minting "github.com/flytokens/terraform-provider-fly/internal/mint"
)

// unclear are answers to a mint that Fly carried out.
func unclear() map[string]flytest.Fault {
	faults := map[string]flytest.Fault{
		"reset":                flytest.Lost(1),
		"data beside errors":   flytest.Alter(1, flytest.BesideErrors("INVALID", "the label is deprecated")),
		"an unknown header":    flytest.Alter(1, flytest.MintedWith("tokenHeader", "FlyV2 fm9_xyz")),
		"no header":            flytest.Alter(1, flytest.MintedWith("tokenHeader", nil)),
		"no id":                flytest.Alter(1, flytest.MintedWith("id", nil)),
		"a code TIMEOUT":       flytest.After(1, flytest.FailGraphQL("TIMEOUT", "Timeout on Mutation.createLimitedAccessToken")),
		"an unknown code":      flytest.After(1, flytest.FailGraphQL("TEAPOT", "short and stout")),
		"500":                  flytest.After(1, flytest.Fail(500, `{"error":"oops"}`)),
		"504":                  flytest.After(1, flytest.Fail(504, "")),
		"502, then an answer":  flytest.After(1, flytest.Fail(502, "")),
		"503, then an answer":  flytest.After(1, flytest.Fail(503, "")),
		"429, then an answer":  flytest.After(1, flytest.Fail(429, "")),
		"502, again and again": flytest.After(4, flytest.Fail(502, "")),
		"a page":               flytest.After(1, flytest.CaptivePortal()),
	}
	for name, status := range map[string]int{"401": 401, "403": 403, "408": 408, "409": 409} {
		faults["JSON with "+name] = flytest.After(1, flytest.Fail(status, `{"error":"says something in between"}`))
	}
	return faults
}

// For every answer to a mint, after the next run only the state's token is
// live.
func TestDeployTokenAnswerUnclear(t *testing.T) {
	t.Parallel()
	for name, fault := range unclear() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, access := range []string{"deploy", "readonly"} {
				for _, listed := range []bool{true, false} {
					s := flytest.New(t, flyWorld())
					d := deployable(t, s)
					d.world.WorkingDir = t.TempDir()
					d.restart(t)
					config := attrs{"app": "web", "access": access}
					s.Inject(flytest.OpMint, fault)
					if !listed {
						s.Inject(flytest.OpList, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
					}
					got := d.applies(config)
					s.Reset()
					if listed && len(good(s)) != len(d.tokens()) {
						t.Errorf("%s: %v is live at once, the state has %v:\n%s", access, good(s), d.tokens(), got)
					}
					d.crash(t)
					if got := d.refreshed() + d.applies(config); strings.Contains(got, "ERROR") {
						t.Errorf("%s: the next run says:\n%s", access, got)
					}
					if ids := live(s); len(ids) != 1 || ids[0] != d.state["token_id"] {
						t.Errorf("%s, list works %v: %v is live, the state has %v", access, listed, ids, d.state["token_id"])
					}
				}
			}
		})
	}
}

// tokens are the tokens in state.
func (d *deployed) tokens() (ids []any) {
	if d.state != nil {
		ids = append(ids, d.state["token_id"])
	}
	return ids
}

// refreshed reads the resource if it is in state.
func (d *deployed) refreshed() string {
	if d.state == nil {
		return ""
	}
	return d.refresh()
}

// live lists the identifiers of the tokens that were minted over the API and not
// revoked.
func live(s *flytest.Server) (ids []any) {
	for _, one := range s.Issued() {
		if one.Over && one.RevokedAt.IsZero() {
			ids = append(ids, one.ID)
		}
	}
	return ids
}

// For every answer to the mint of a lease, no token is live after the next
// lease was closed.
func TestEphemeralAnswerUnclear(t *testing.T) {
	t.Parallel()
	for name, fault := range unclear() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, access := range []any{nil, "deploy"} {
				s := flytest.New(t, flyWorld())
				world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
				config := attrs{"app": "web", "access": access, "revoke_on_close": true}
				s.Inject(flytest.OpMint, fault)
				s.Inject(flytest.OpList, flytest.After(1, flytest.FailGraphQL("SERVER_ERROR", "out of order")), flytest.After(1, flytest.FailGraphQL("SERVER_ERROR", "out of order")))
				w := configured(t, world, attrs{})
				if _, private, got := w.open(t.Context(), config); !strings.Contains(got, "ERROR") {
					if got := w.closes(private); got != "" {
						t.Error(got)
					}
				}
				world.Journal = func(j minting.Journal) minting.Journal { return othersDead{j} }
				s.Reset()
				next := configured(t, world, attrs{})
				_, private := next.opened(config)
				if got := next.closes(private); got != "" {
					t.Error(got)
				}
				if ids := live(s); len(ids) != 0 || len(announced(t, world, s)) != 0 {
					t.Errorf("%v: %v is live, %v is announced", access, ids, announced(t, world, s))
				}
			}
		})
	}
}

// No token is looked up if Fly refused a mint explicitly, or was not asked.
func TestDeployTokenMintRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"UNAUTHORIZED", "NOT_FOUND", "INVALID", "INVALID_ARGUMENTS", "UNPROCESSABLE"} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		s.Inject(flytest.OpMint, flytest.FailGraphQL(code, "no"))
		wants(t, d.applies(attrs{"app": "web"}), "ERROR: Unable to Mint Fly Deploy Token")
		if names := announced(t, d.world, s); s.Count(flytest.OpList) != 0 || len(names) != 0 {
			t.Errorf("%s: %d lists, %v is announced", code, s.Count(flytest.OpList), names)
		}
	}
}

// A mint that is refused says why, and gives the advice for that cause alone.
func TestDeployTokenWithoutMint(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	for name, test := range map[string]struct {
		login     string
		config    attrs
		want, fix string
	}{
		"no login":             {"", attrs{"app": "web"}, "no login", "fly auth login"},
		"a scoped login":       {s.Make(flytest.Make{App: "web"}).Reveal(), attrs{"app": "web"}, "scoped tokens cannot mint other tokens", "fly auth login"},
		"no such app":          {s.Login(ownerOfBoth).Reveal(), attrs{"app": "next"}, `look up app "next"`, "check the app's name"},
		"another organization": {s.Login(ownerOfBoth).Reveal(), attrs{"app": "web", "organization": "globex"}, `belongs to organization "acme"`, "or FLY_ORG, or omit it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deployable(t, s, "FLY_API_TOKEN="+test.login)
			got := d.applies(test.config)
			wants(t, got, "ERROR: Unable to Mint Fly Deploy Token", test.want, test.fix)
			if test.fix != "fly auth login" && strings.Contains(got, "login`") {
				t.Errorf("a new login does not help:\n%s", got)
			}
			if d.state != nil {
				t.Errorf("created %v", d.state)
			}
			if files := announced(t, d.world, s); len(files) != 0 {
				t.Errorf("a mint that was refused is still announced: %v", files)
			}
		})
	}
}
