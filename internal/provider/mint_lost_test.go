package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// For every answer to a mint of the source "api", only the stored token is
// live.
func TestDataSourceAnswerUnclear(t *testing.T) {
	t.Parallel()
	for name, fault := range unclear() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, access := range []any{nil, "readonly", "deploy"} {
				s := flytest.New(t, flyWorld())
				world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
				w := configured(t, world, attrs{"sources": []any{"storage", "api"}})
				s.Inject(flytest.OpMint, fault)
				_, got := w.read(t.Context(), attrs{"app": "web", "access": access})
				if want := len(stored(t, world)); len(good(s)) != want || (got == "") != (want == 1) {
					t.Errorf("%v: %d tokens are stored, %v is live:\n%s", access, want, good(s), got)
				}
			}
		})
	}
}

// With one answer in twenty lost, only stored tokens are live in the end.
func TestAnswersLost(t *testing.T) {
	t.Parallel()
	const apps = 100
	all := flyWorld()
	for i := range apps {
		all.Apps = append(all.Apps, flytest.App{Name: fmt.Sprintf("app-%d", i), Organization: "acme", NumericID: uint64(1000 + i)})
	}
	s := flytest.New(t, all)
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	w := configured(t, world, attrs{"sources": []any{"storage", "api"}})
	losses := []flytest.Fault{flytest.Lost(1), flytest.After(1, flytest.Fail(500, "")), flytest.After(1, flytest.Fail(502, "")), flytest.After(1, flytest.Fail(503, "")), flytest.After(1, flytest.Fail(504, ""))}
	for i := range apps {
		if i%20 == 10 {
			s.Inject(flytest.OpMint, losses[i/20])
		}
		app := fmt.Sprintf("app-%d", i)
		if i%2 == 1 {
			if _, got := w.read(t.Context(), attrs{"app": app, "access": "deploy"}); strings.Contains(got, "ERROR") {
				t.Logf("%s: %s", app, got)
			}
		} else if _, private, got := w.open(t.Context(), attrs{"app": app, "revoke_on_close": true}); got == "" {
			if got := w.closes(private); got != "" {
				t.Error(got)
			}
		}
	}
	if files := stored(t, world); len(good(s)) != len(files) || len(files) != apps/2 {
		t.Errorf("%d tokens are stored, %d are live", len(files), len(good(s)))
	}
}

// A revocation that was carried out and answered badly is repeated, for a lease, a
// deploy token and an action alike.
func TestRevocationAnsweredBadly(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]flytest.Fault{
		"500": flytest.After(2, flytest.Fail(500, "")), "502": flytest.After(2, flytest.Fail(502, "")), "503": flytest.After(2, flytest.Fail(503, "")),
		"504": flytest.After(2, flytest.Fail(504, "")), "reset": flytest.Lost(2), "not done": flytest.Reset(2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			d := deployable(t, s)
			d.created(attrs{"app": "web"})
			_, private := d.opened(attrs{"app": "web", "revoke_on_close": true})
			s.Inject(flytest.OpRevoke, fault)
			if got := d.closes(private); got != "" || len(good(s)) != 1 {
				t.Errorf("closing says %q, and %v is live", got, good(s))
			}
			s.Inject(flytest.OpRevoke, fault)
			if got := d.applies(nil); got != "" || len(good(s)) != 0 {
				t.Errorf("destroying says %q, and %v is live", got, good(s))
			}
			d.read(t.Context(), attrs{"app": "web"})
			s.Inject(flytest.OpRevoke, fault)
			if _, got := d.invoke(t.Context(), invalidateAction, attrs{"app": "web", "revoke": true}); got != "" || len(good(s)) != 0 {
				t.Errorf("invalidating says %q, and %v is live", got, good(s))
			}
		})
	}
}

// A revocation that fails to the last is reported once, with the command that tries
// again.
func TestRevocationFails(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web"})
	if got := d.applies(attrs{"app": "web", "name": "b"}); strings.Contains(got, "ERROR") {
		t.Error(got)
	}
	s.Inject(flytest.OpRevoke, flytest.Fail(500, ""))
	got := d.applies(nil)
	wants(t, got, "ERROR: Unable to Revoke Fly Deploy Token", "Cannot revoke token lat_0001", "Cannot revoke token lat_0002", "Run destroy again, or revoke it with `fly tokens revoke lat_0001`")
	if n := s.Count(flytest.OpRevoke); n != 8 || d.state == nil {
		t.Errorf("%d tries for two tokens, and the state has %v", n, d.state)
	}
	wants(t, d.applies(attrs{"app": "web", "name": "c"}), "Run apply again, or revoke it with")
	s.Reset()
	if got := d.applies(nil); got != "" || len(good(s)) != 0 {
		t.Errorf("%v is live:\n%s", good(s), got)
	}
}

// Neither a 403 nor the list of a different login removes a live token from the
// state.
func TestDeployTokenForbiddenIsNotRevoked(t *testing.T) {
	t.Parallel()
	for status, gone := range map[int]bool{403: false, 401: true} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		d.created(attrs{"app": "web"})
		empty := `{"data":{"owner":{"limitedAccessTokens":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":""}}}}}`
		s.Inject(flytest.OpList, flytest.Fail(200, empty))
		s.Inject(flytest.OpShow, flytest.Fail(status, `{"error":"no"}`))
		got := d.refresh()
		if (d.state == nil) != gone || strings.Contains(got, "Unable to Check Fly Deploy Token") == gone {
			t.Errorf("after %d the state has %v:\n%s", status, d.state, got)
		}
	}
}

// Tokens that flyctl minted are revoked by their unique names, those that storage no
// longer keeps included, whatever others of the app are listed.
func TestActionInvalidateRevokesByName(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal(), "FLY_ORG=acme",
		"PATH="+fakefly.Install(t, fakefly.Behaviour{Online: true}).Dir())
	w := configured(t, world, attrs{"sources": []any{"storage", "cli"}})
	for range 2 {
		w.invoke(t.Context(), refreshAction, attrs{"app": "web"})
	}
	s.Make(flytest.Make{Organization: "acme", Name: "terraform-provider-fly web"})
	_, got := w.invoke(t.Context(), invalidateAction, attrs{"app": "web", "revoke": true})
	if ids := live(s); got != "" || len(ids) != 0 || s.Count(flytest.OpMint) != 2 || !s.Issued()[2].RevokedAt.IsZero() {
		t.Errorf("%v are live of %+v\n%s", ids, s.Issued(), got)
	}
}
