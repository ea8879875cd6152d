package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// Each argument that affects a token rotates it in place. A different app
// replaces the resource. rotate_before changes nothing yet.
func TestDeployTokenChanges(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web"})
	if got := good(s)[0]; !strings.HasPrefix(got, "terraform-provider-fly web (terraform ") {
		t.Errorf("minted as %q", got)
	}
	for name, value := range map[string]any{
		"name": "ci", "organization": "acme", "access": "readonly", "ttl": "48h",
		"triggers": map[string]string{"a": "b"},
	} {
		c, got := d.plan(attrs{"app": "web", name: value})
		wants(t, got, "WARNING: Fly Deploy Token Is to Be Rotated", name+" changes")
		for _, computed := range []string{"token", "authorization_header", "token_id", "expires_at", "fingerprint", "predecessor_id"} {
			if c.planned[computed] != (unknown{}) || c.replace {
				t.Errorf("%s: plans %s = %v, to replace %t", name, computed, c.planned[computed], c.replace)
			}
		}
	}
	if c, got := d.plan(attrs{"app": "worker"}); !c.replace || got != "" {
		t.Errorf("another app replaces %t:\n%s", c.replace, got)
	}
	before := d.state["token"]
	if got := d.applies(attrs{"app": "web", "rotate_before": "10h"}); got != "" || d.state["token"] != before || d.state["rotate_before"] != "10h" {
		t.Errorf("rotate_before rotates:\n%s", got)
	}
	wantTokens(t, s, tokens{minted: 1, good: 1})
}

// A plan applies as shown, at any later time.
func TestDeployTokenSavedPlan(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web"})
	if got := d.refresh(); got != "" {
		t.Fatal(got)
	}
	later := attrs{"app": "web", "rotate_before": "100h"}
	saved, got := d.plan(later)
	if got != "" {
		t.Fatal(got)
	}
	d.ahead.Store(int64(700 * time.Hour))
	d.restart(t)
	again, got := d.plan(later) // as an engine does when it applies
	if got != "" || cmp.Diff(saved.planned, again.planned) != "" {
		t.Errorf("at apply the plan is another:\n%s%s", got, cmp.Diff(saved.planned, again.planned))
	}
	if got := d.apply(t.Context(), saved); got != "" || d.state["token"] != saved.planned["token"] {
		t.Errorf("not applied as it was shown:\n%s", got)
	}
	wantTokens(t, s, tokens{minted: 1, good: 1})
	wants(t, d.refresh()+d.applies(later), "within rotate_before (100h)")
	wantTokens(t, s, tokens{minted: 2, good: 2})
}

// A token that was revoked elsewhere is removed, whether Fly lists it or not.
func TestDeployTokenRevokedElsewhere(t *testing.T) {
	t.Parallel()
	for _, listed := range []bool{true, false} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		config := attrs{"app": "web"}
		d.created(config)
		if got := d.applies(attrs{"app": "web", "name": "next"}); strings.Contains(got, "ERROR") {
			t.Fatal(got)
		}
		if !listed {
			d.state["token_id"] = "lat_elsewhere"
			if got := d.refresh(); got != "" || d.state == nil {
				t.Fatalf("a token that is good is gone: %s", got)
			}
		}
		s.Revoke(parsed(t, as[string](t, d.state["token"])))
		got := d.refresh()
		wants(t, got, "WARNING: Fly Deploy Token Was Revoked", "fly tokens revoke lat_0001")
		if d.state != nil || strings.Contains(got, "ERROR") {
			t.Fatalf("a revoked token is still in the state:\n%s", got)
		}
		d.private = nil
		d.created(config)
	}
}

// A missing answer of Fly changes nothing.
func TestDeployTokenFlyDown(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	config := attrs{"app": "web"}
	d.created(config)
	before := d.state
	s.Inject(flytest.OpAny, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
	d.ahead.Store(int64(due))
	wants(t, d.refresh(), "WARNING: Unable to Check Fly Deploy Token", "out of order", "lat_0001")
	if diff := cmp.Diff(before, d.state); diff != "" {
		t.Errorf("the state changed:\n%s", diff)
	}
	wants(t, d.applies(config), "ERROR: Unable to Mint Fly Deploy Token", "out of order")
	if diff := cmp.Diff(before, d.state); diff != "" {
		t.Errorf("the state changed:\n%s", diff)
	}
	wants(t, d.applies(nil), "ERROR: Unable to Revoke Fly Deploy Token", "lat_0001", "out of order")
	if diff := cmp.Diff(before, d.state); diff != "" {
		t.Errorf("the state changed:\n%s", diff)
	}
	s.Reset()
	s.Inject(flytest.OpRevoke, flytest.FailGraphQL("NOT_FOUND", "Could not find LimitedAccessToken"))
	if got := d.applies(nil); got != "" || d.state != nil {
		t.Errorf("a token that Fly does not know cannot be destroyed:\n%s", got)
	}
}

// If the predecessor cannot be revoked, the rotation stops, and the state still
// names it.
func TestDeployTokenPredecessorStays(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web"})
	d.applies(attrs{"app": "web", "name": "second"})
	before := d.state
	s.Inject(flytest.OpRevoke, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
	wants(t, d.applies(attrs{"app": "web", "name": "third"}), "ERROR: Unable to Revoke Fly Deploy Token", "lat_0001")
	if diff := cmp.Diff(before, d.state); diff != "" || s.Count(flytest.OpMint) != 2 {
		t.Errorf("%d mints; the state changed:\n%s", s.Count(flytest.OpMint), diff)
	}
	s.Reset()
	d.restart(t)
	if got := d.applies(nil); got != "" {
		t.Error(got)
	}
	wantTokens(t, s, tokens{revoked: 2})
}

// Values that are known only at apply are checked then, before any mint.
func TestDeployTokenLateRotation(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	c, got := d.plan(attrs{"app": "web", "ttl": unknown{}, "rotate_before": "2h"})
	if got != "" {
		t.Fatal(got)
	}
	c.config["ttl"], c.planned["ttl"] = "1h", "1h"
	wants(t, d.apply(t.Context(), c), "ERROR: Invalid rotate_before", "must be less than ttl (1h)")
	wantTokens(t, s, tokens{})
	if d.state != nil {
		t.Errorf("created %v", d.state)
	}
}

// A token with a shorter lifetime than requested is kept, with a warning.
func TestDeployTokenShortLived(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	minted := fmt.Sprintf(`{"data":{"createLimitedAccessToken":{"limitedAccessToken":{"id":"lat_0001","tokenHeader":"FlyV1 %s"}}}}`,
		s.Make(flytest.Make{App: "web", TTL: 24 * time.Hour, DischargeTTL: time.Hour}).Reveal())
	s.Inject(flytest.OpMint, flytest.Fail(200, minted))
	wants(t, d.applies(attrs{"app": "web", "ttl": "24h"}), "WARNING: Fly Deploy Token Is Short-Lived", "rotate_before (6h)")
	if d.state["token_id"] != "lat_0001" {
		t.Errorf("the state has %v", d.state)
	}
}

func TestDeployTokenValidate(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for name, test := range map[string]struct {
		config attrs
		want   string
	}{
		"good":                {attrs{"app": "web", "name": "ci", "ttl": "24h", "rotate_before": "1h", "access": "readonly", "triggers": map[string]string{"a": "b"}}, ""},
		"not known yet":       {attrs{"app": unknown{}, "ttl": unknown{}, "rotate_before": "900h", "triggers": unknown{}}, ""},
		"before the default":  {attrs{"app": "web", "rotate_before": "720h"}, "must be less than ttl (720h)"},
		"before ttl":          {attrs{"app": "web", "ttl": "1h", "rotate_before": "2h"}, "rotate_before (2h) must be less than ttl (1h)"},
		"no overlap":          {attrs{"app": "web", "overlap": "0s"}, ""},
		"overlap below zero":  {attrs{"app": "web", "overlap": "-1s"}, "must be from 0s to"},
		"no duration":         {attrs{"app": "web", "ttl": "30d"}, "a day is 24h"},
		"too long":            {attrs{"app": "web", "ttl": "175200h"}, "out of bounds"},
		"app":                 {attrs{"app": "../web"}, "Invalid App Name"},
		"access":              {attrs{"app": "web", "access": "admin"}, "admin"},
		"name of spaces":      {attrs{"app": "web", "name": "  "}, "Invalid Token Name"},
		"name over two lines": {attrs{"app": "web", "name": "a\nb"}, "Invalid Token Name"},
	} {
		if got := w.validateDeploy(test.config); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
}
