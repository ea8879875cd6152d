package provider_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// storing are the arguments of a fly_deploy_token whose token is in no state.
func storing(more attrs) attrs {
	config := attrs{"app": "web", "name": "ci", "token_in_state": false}
	maps.Copy(config, more)
	return config
}

// stores applies config, which must cause no error, and checks that the state holds
// no token.
func (d *deployed) stores(config attrs) {
	d.t.Helper()
	got := d.applies(config)
	if strings.Contains(got, "ERROR") || d.state["token_id"] == nil {
		d.t.Fatalf("stored %v\n%s", d.state, got)
	}
	if d.state["token"] != nil || d.state["authorization_header"] != nil {
		d.t.Error("the state holds the token")
	}
}

// opensStored opens the ephemeral fly_deploy_token of that configuration.
func (d *deployed) opensStored(config attrs) (attrs, string) {
	d.t.Helper()
	result, _, got := d.openKind("fly_deploy_token", config)
	return result, got
}

// storedIs fails the test unless the ephemeral returns the token in state under that
// name, and the token opens the app.
func (d *deployed) storedIs(s *flytest.Server, name string) string {
	d.t.Helper()
	got, said := d.opensStored(attrs{"app": "web", "name": name, "fingerprint": d.state["fingerprint"]})
	if said != "" {
		d.t.Fatal(said)
	}
	tok := as[string](d.t, got["token"])
	if fingerprintOf(tok) != d.state["fingerprint"] || got["expires_at"] != d.state["expires_at"] || got["authorization_header"] != "FlyV1 "+tok || !opens(d.t, s, tok, "web") {
		d.t.Errorf("the ephemeral is not the token in state: %v", got["fingerprint"])
	}
	return tok
}

// A token moves in and out of the state by a rotation only.
func TestDeployTokenStoredChanges(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	c, got := d.plan(storing(nil))
	if got != "" || c.planned["token"] != nil || c.planned["authorization_header"] != nil || c.planned["token_id"] != (unknown{}) || c.planned["fingerprint"] != (unknown{}) {
		t.Errorf("a creation plans %v:\n%s", c.planned, got)
	}
	d.stores(storing(nil))
	first := d.storedIs(s, "ci")
	before := d.state
	d.stores(storing(attrs{"rotate_before": "10h"}))
	if d.state["fingerprint"] != before["fingerprint"] {
		t.Error("rotate_before rotates")
	}
	c, got = d.plan(storing(attrs{"token_in_state": unknown{}}))
	if wants(t, got, "token_in_state changes"); c.planned["token"] != (unknown{}) {
		t.Errorf("an unknown token_in_state plans the token %v", c.planned["token"])
	}

	d.stores(storing(attrs{"name": "next"}))
	d.storedIs(s, "next")
	if _, got := d.opensStored(attrs{"app": "web", "name": "ci"}); !opens(t, s, first, "web") {
		t.Error("a change of the name revoked the replaced token")
	} else {
		wants(t, got, "ERROR: Unable to Read Fly Deploy Token", `no deploy token named "ci"`)
	}

	wants(t, d.applies(storing(attrs{"name": "next", "token_in_state": true})), "token_in_state changes")
	if tok := as[string](t, d.state["token"]); !opens(t, s, tok, "web") {
		t.Error("the token in state is not valid")
	}
	if _, got := d.opensStored(attrs{"app": "web", "name": "next"}); got == "" {
		t.Error("storage still holds a token")
	}
	if got := d.applies(attrs{"app": "web", "name": "next"}); got != "" {
		t.Errorf("the default of token_in_state is not true:\n%s", got)
	}
	inState := as[string](t, d.state["token"])
	wants(t, d.applies(storing(attrs{"name": "next"})), "token_in_state changes")
	if tok := d.storedIs(s, "next"); d.state["token"] != nil || tok == inState {
		t.Error("a token that was in the state is in storage")
	}
	if got := d.applies(nil); got != "" || len(good(s)) != 0 {
		t.Errorf("%v is live after destroy:\n%s", good(s), got)
	}
	if _, got := d.opensStored(attrs{"app": "web", "name": "next"}); got == "" {
		t.Error("destroy left the token in storage")
	}
}

// A stored token is rotated when it is due, and its ephemeral resource refuses it
// once it has expired.
func TestDeployTokenStoredDue(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.stores(storing(nil))
	first := d.storedIs(s, "ci")
	d.ahead.Store(int64(721 * time.Hour))
	_, got := d.opensStored(attrs{"app": "web", "name": "ci"})
	wants(t, got, "ERROR: Unable to Read Fly Deploy Token", "expired at")
	wants(t, d.refresh()+d.applies(storing(nil)), "within rotate_before")
	d.ahead.Store(0)
	if d.storedIs(s, "ci") == first {
		t.Error("the token was not rotated")
	}
	if got := d.refresh(); got != "" {
		t.Error(got)
	}
	if c, got := d.plan(storing(nil)); got != "" || cmp.Diff(d.state, c.planned) != "" {
		t.Errorf("a plan shows:\n%s%s", got, cmp.Diff(d.state, c.planned))
	}
}

// Two resources cannot store a token under one name. The second one mints nothing,
// until the token of the first one has ended.
func TestDeployTokenStoredTaken(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	for _, config := range []attrs{storing(nil), storing(attrs{"name": nil})} {
		d.stores(config)
		other := &deployed{wire: d.wire, world: d.world, resource: d.resource}
		minted := s.Count(flytest.OpMint)
		wants(t, other.applies(config), "ERROR: Fly Deploy Token Name Is Taken", "fly tokens revoke "+as[string](t, d.state["token_id"]))
		if s.Count(flytest.OpMint) != minted || other.state != nil {
			t.Errorf("minted although the name is taken: %v", other.state)
		}
		stored, _ := d.opensStored(reference(config))
		s.Revoke(parsed(t, as[string](t, stored["token"])))
		other.stores(config)
		d.state, d.private = nil, nil
	}
}

// reference names the token of a configuration.
func reference(config attrs) attrs {
	return attrs{"app": config["app"], "name": config["name"]}
}

// Of resources that are created at once under one name, one keeps its token. Those
// of the others are revoked.
func TestDeployTokenStoredSideBySide(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	s.Inject(flytest.OpMint, flytest.Slow(50*time.Millisecond))
	others := make([]*deployed, 4)
	var running sync.WaitGroup
	for i := range others {
		others[i] = &deployed{wire: d.wire, world: d.world, resource: d.resource}
		running.Go(func() {
			if got := others[i].applies(storing(nil)); got != "" && !strings.Contains(got, "ERROR: Fly Deploy Token Name Is Taken") {
				t.Error(got)
			}
		})
	}
	running.Wait()
	kept := slices.DeleteFunc(others, func(one *deployed) bool { return one.state == nil })
	if len(kept) != 1 || len(good(s)) != 1 {
		t.Fatalf("%d resources were created, and %v is live", len(kept), good(s))
	}
	kept[0].storedIs(s, "ci")
}

// A stored token that was removed from the state is imported, and the next apply
// replaces it in storage.
func TestDeployTokenStoredImport(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.stores(storing(nil))
	d.state, d.private = nil, nil
	if got := d.imports("web/lat_0001", nil) + d.refresh(); got != "" {
		t.Fatal(got)
	}
	wants(t, d.applies(storing(nil)), "in place of lat_0001", "it was imported")
	if d.state["token"] != nil || d.state["token_id"] != "lat_0002" {
		t.Errorf("the state has %v", d.state["token_id"])
	}
	d.storedIs(s, "ci")
}

// A token_in_state that is known only at apply is observed then.
func TestDeployTokenStoredLate(t *testing.T) {
	t.Parallel()
	for _, inState := range []bool{true, false} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		c, got := d.plan(storing(attrs{"token_in_state": unknown{}}))
		if got != "" || c.planned["token"] != (unknown{}) {
			t.Fatalf("plans the token %v:\n%s", c.planned["token"], got)
		}
		c.config["token_in_state"], c.planned["token_in_state"] = inState, inState
		if got := d.apply(t.Context(), c); got != "" || (d.state["token"] != nil) != inState {
			t.Errorf("token_in_state = %t, and the state has a token: %t\n%s", inState, d.state["token"] != nil, got)
		}
		if !inState {
			d.storedIs(s, "ci")
		}
	}
}
