package provider_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// rotatedOnce returns a token of that configuration that was rotated once, and the
// configuration that it has now.
func rotatedOnce(t *testing.T, s *flytest.Server, arguments attrs) (*deployed, attrs) {
	t.Helper()
	d := deployable(t, s)
	arguments["app"] = "web"
	d.created(arguments)
	arguments["name"] = "next"
	wants(t, d.applies(arguments), "WARNING: Fly Deploy Token Is to Be Rotated")
	if d.state["predecessor_id"] != "lat_0001" {
		t.Fatalf("the predecessor is %v", d.state["predecessor_id"])
	}
	return d, arguments
}

// revocation returns the plan after a refresh, and what both report.
func (d *deployed) revocation(config attrs) (change, string) {
	d.t.Helper()
	refreshed := d.refresh()
	c, got := d.plan(config)
	return c, refreshed + got
}

// The replaced token is revoked by the first apply after the overlap, and the
// token itself stays.
func TestDeployTokenOverlapEnds(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d, config := rotatedOnce(t, s, attrs{"overlap": "24h"})
	d.ahead.Store(int64(23 * time.Hour))
	if c, got := d.revocation(config); got != "" || cmp.Diff(d.state, c.planned) != "" {
		t.Errorf("within the overlap, a plan shows:\n%s%s", got, cmp.Diff(d.state, c.planned))
	}
	d.ahead.Store(int64(25 * time.Hour))
	c, got := d.revocation(config)
	wants(t, got, "WARNING: Replaced Fly Deploy Token Is to Be Revoked", "revokes token lat_0001 of app \"web\"", "overlap (24h) has ended")
	want := attrs{}
	for name, value := range d.state {
		want[name] = value
	}
	want["predecessor_id"] = nil
	if diff := cmp.Diff(want, c.planned); diff != "" {
		t.Errorf("the plan changes:\n%s", diff)
	}
	wantTokens(t, s, tokens{minted: 2, good: 2})
	if got := d.apply(t.Context(), c); got != "" {
		t.Error(got)
	}
	wantTokens(t, s, tokens{minted: 2, revoked: 1, good: 1})
	if c, got := d.revocation(config); got != "" || cmp.Diff(d.state, c.planned) != "" {
		t.Errorf("after the revocation, a plan shows:\n%s%s", got, cmp.Diff(d.state, c.planned))
	}
	if got := d.applies(nil); got != "" {
		t.Error(got)
	}
	wantTokens(t, s, tokens{minted: 2, revoked: 2})
}

// A revocation that fails changes nothing, and the next apply repeats it.
func TestDeployTokenOverlapNotRevoked(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d, config := rotatedOnce(t, s, attrs{"overlap": "0s"})
	before := d.state
	c, _ := d.revocation(config)
	s.Inject(flytest.OpRevoke, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
	wants(t, d.apply(t.Context(), c), "ERROR: Unable to Revoke Fly Deploy Token", "lat_0001")
	if diff := cmp.Diff(before, d.state); diff != "" {
		t.Errorf("the state changed:\n%s", diff)
	}
	s.Reset()
	c, got := d.revocation(config)
	wants(t, got, "WARNING: Replaced Fly Deploy Token Is to Be Revoked")
	if got := d.apply(t.Context(), c); got != "" {
		t.Error(got)
	}
	wantTokens(t, s, tokens{revoked: 1, good: 1})
}

// Without an overlap, or with one that a plan changes, nothing is revoked. A
// rotation in the same plan revokes the replaced token itself.
func TestDeployTokenOverlapUnchanged(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d, config := rotatedOnce(t, s, attrs{})
	d.ahead.Store(int64(100 * time.Hour))
	if c, got := d.revocation(config); got != "" || cmp.Diff(d.state, c.planned) != "" {
		t.Errorf("without an overlap, a plan shows:\n%s", got)
	}
	config["overlap"] = "1h"
	if c, got := d.revocation(config); got != "" || d.apply(t.Context(), c) != "" {
		t.Errorf("a new overlap shows:\n%s", got)
	}
	wantTokens(t, s, tokens{minted: 2, good: 2})
	longer := attrs{"app": "web", "name": "next", "overlap": "200h"}
	if c, got := d.revocation(longer); got != "" || c.planned["predecessor_id"] != "lat_0001" {
		t.Errorf("a longer overlap revokes:\n%s", got)
	}
	longer["name"] = "third"
	wants(t, d.applies(longer), "name changes", "first apply after its overlap (200h)")
	wantTokens(t, s, tokens{minted: 3, revoked: 1, good: 2})
	if d.state["predecessor_id"] != "lat_0002" {
		t.Errorf("the predecessor is %v", d.state["predecessor_id"])
	}
}

// A predecessor that expired needs no revocation.
func TestDeployTokenOverlapExpired(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web", "overlap": "24h", "ttl": "2h"})
	config := attrs{"app": "web", "overlap": "24h", "ttl": "720h"}
	wants(t, d.applies(config), "ttl changes")
	d.ahead.Store(int64(time.Hour))
	if c, got := d.revocation(config); got != "" || c.planned["predecessor_id"] != "lat_0001" {
		t.Errorf("a live predecessor is planned as %v:\n%s", c.planned["predecessor_id"], got)
	}
	d.ahead.Store(int64(25 * time.Hour))
	if c, got := d.revocation(config); got != "" || cmp.Diff(d.state, c.planned) != "" || d.state["predecessor_id"] != nil {
		t.Errorf("an expired predecessor is planned as %v:\n%s", c.planned["predecessor_id"], got)
	}
}
