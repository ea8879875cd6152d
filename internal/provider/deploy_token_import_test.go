package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// identityType is the type of a token's identity.
func identityType() tftypes.Type {
	return tftypes.Object{AttributeTypes: map[string]tftypes.Type{"app": tftypes.String, "token_id": tftypes.String}}
}

// imports imports a token by id, or by identity, and keeps its state.
func (d *deployed) imports(id string, identity attrs) string {
	d.t.Helper()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: d.resource, ID: id}
	if identity != nil {
		req.Identity = &tfprotov6.ResourceIdentityData{IdentityData: d.pack(identityType(), identity)}
	}
	resp, err := d.server.ImportResourceState(d.t.Context(), req)
	d.check(err)
	for _, one := range resp.ImportedResources {
		d.state, d.private = d.unpack(d.valueType(), one.State), one.Private
		if got := d.unpack(identityType(), one.Identity.IdentityData); got["token_id"] != d.state["token_id"] || got["app"] != d.state["app"] {
			d.t.Errorf("the identity is %v, of %v", got, d.state)
		}
	}
	return problems(resp.Diagnostics)
}

// A token that the provider did not mint is imported without its value. The first
// apply mints a successor, the next one revokes the token, and a plan does neither.
func TestDeployTokenImport(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		id       string
		identity attrs
	}{
		"string":   {id: "web/lat_0001"},
		"identity": {identity: attrs{"app": "web", "token_id": "lat_0001"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			d := deployable(t, s)
			old := s.Make(flytest.Make{App: "web", Name: "flyctl deploy token"})
			if got := d.imports(test.id, test.identity) + d.refresh(); got != "" {
				t.Fatal(got)
			}
			want := attrs{}
			for name := range d.state {
				want[name] = nil
			}
			want["app"], want["name"], want["access"], want["ttl"] = "web", "flyctl deploy token", "deploy", "720h"
			want["token_id"], want["expires_at"] = "lat_0001", s.Issued()[0].ExpiresAt.UTC().Format(time.RFC3339)
			if diff := cmp.Diff(want, d.state); diff != "" {
				t.Errorf("the state of an imported token:\n%s", diff)
			}
			config := attrs{"app": "web"}
			wants(t, d.applies(config), "WARNING: Fly Deploy Token Is to Be Rotated", "in place of lat_0001: it was imported, and Fly does not show its value.", "stays valid until the first apply after its overlap (0s)")
			if d.state["predecessor_id"] != "lat_0001" || d.state["token_id"] != "lat_0002" || !opens(t, s, as[string](t, d.state["token"]), "web") {
				t.Errorf("the successor is %v after %v", d.state["token_id"], d.state["predecessor_id"])
			}
			c, got := d.revocation(config)
			wants(t, got, "WARNING: Replaced Fly Deploy Token Is to Be Revoked", "revokes token lat_0001 of app \"web\"")
			if !opens(t, s, old.Reveal(), "web") {
				t.Error("the imported token was revoked before the second apply")
			}
			if got := d.apply(t.Context(), c); got != "" || d.state["predecessor_id"] != nil || d.state["token_id"] != "lat_0002" {
				t.Errorf("the second apply: %v\n%s", d.state["predecessor_id"], got)
			}
			wantTokens(t, s, tokens{minted: 1, revoked: 1, good: 1})
			if c, got := d.revocation(config); got != "" || cmp.Diff(d.state, c.planned) != "" {
				t.Errorf("a third plan shows:\n%s%s", got, cmp.Diff(d.state, c.planned))
			}
		})
	}
}

// An overlap keeps the imported token for that time. A later rotation without an
// overlap keeps its predecessor, as for any token.
func TestDeployTokenImportOverlap(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	s.Make(flytest.Make{App: "web"})
	config := attrs{"app": "web", "overlap": "24h"}
	wants(t, d.imports("web/lat_0001", nil)+d.refresh()+d.applies(config), "until the first apply after its overlap (24h)")
	d.ahead.Store(int64(23 * time.Hour))
	if c, got := d.revocation(config); got != "" || c.planned["predecessor_id"] != "lat_0001" {
		t.Errorf("within the overlap, a plan shows:\n%s", got)
	}
	d.ahead.Store(int64(25 * time.Hour))
	wants(t, d.refresh()+d.applies(config), "WARNING: Replaced Fly Deploy Token Is to Be Revoked")
	wantTokens(t, s, tokens{minted: 1, revoked: 1, good: 1})
	config = attrs{"app": "web", "name": "next"}
	wants(t, d.applies(config), "name changes")
	if c, got := d.revocation(config); got != "" || c.planned["predecessor_id"] != "lat_0002" {
		t.Errorf("a plan after an ordinary rotation shows:\n%s", got)
	}
}

// A failed mint leaves the imported token in the state, and the next plan rotates it.
// Destroying it revokes it.
func TestDeployTokenImportNotRotated(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	s.Make(flytest.Make{App: "web"})
	config := attrs{"app": "web"}
	d.imports("web/lat_0001", nil)
	s.Inject(flytest.OpMint, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
	wants(t, d.applies(config), "ERROR: Unable to Mint Fly Deploy Token")
	s.Reset()
	if _, got := d.plan(config); d.state["token_id"] != "lat_0001" || !strings.Contains(got, "it was imported") {
		t.Errorf("after a failed mint, %v is planned:\n%s", d.state["token_id"], got)
	}
	if got := d.applies(nil); got != "" || d.state != nil {
		t.Errorf("the token is not destroyed:\n%s", got)
	}
	wantTokens(t, s, tokens{revoked: 1})
}

// The successor has the imported token's name, as far as an argument can give it.
func TestDeployTokenImportName(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web", "name": "ci"})
	d.applies(attrs{"app": "web"})
	s.Make(flytest.Make{App: "web", Name: "two\nlines"})
	for i, want := range []any{"ci", nil, nil} {
		if got := d.imports(fmt.Sprintf("web/lat_%04d", i+1), nil); got != "" || d.state["name"] != want {
			t.Errorf("%q has the name %v, want %v:\n%s", s.Issued()[i].Name, d.state["name"], want, got)
		}
	}
}

// Each token that cannot be imported is an error that names the cause and the fix.
func TestDeployTokenImportErrors(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	live := s.Make(flytest.Make{App: "web"})
	s.Make(flytest.Make{App: "worker", Name: "of worker"})
	s.Make(flytest.Make{Organization: "acme", Name: "Read-only org token"})
	s.Make(flytest.Make{App: "web", TTL: -time.Hour})
	s.Revoke(s.Make(flytest.Make{App: "web"}))
	for id, want := range map[string][]string{
		"web/lat_0099":         {"token \"lat_0099\" of app \"web\"", "no token with that identifier", "fly tokens list"},
		"web/lat_0002":         {"\"of worker\", a token of a different app"},
		"web/lat_0003":         {"\"Read-only org token\", a token of profile \"deploy_organization\"", "then revoke the old one"},
		"web/lat_0004":         {"expired at", "Create a fly_deploy_token"},
		"web/lat_0005":         {"revoked at", "Create a fly_deploy_token"},
		"nothing/lat_0001":     {"\"nothing\"", "check the app's name"},
		"lat_0001":             {"APP/TOKEN_ID", "\"lat_0001\" is not"},
		"web/":                 {"APP/TOKEN_ID"},
		"web/" + live.Reveal(): {"APP/TOKEN_ID", "looks like a token"},
	} {
		got := d.imports(id, nil)
		wants(t, got, append(want, "ERROR: Unable to Import Fly Deploy Token")...)
		if strings.Contains(got, live.Reveal()[8:40]) {
			t.Error("the error has a token")
		}
	}
	wants(t, d.imports("", attrs{"app": "web", "token_id": nil}), "APP/TOKEN_ID", "\"web/\" is not")
	s.Inject(flytest.OpAny, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
	wants(t, d.imports("web/lat_0001", nil), "Cannot import token \"lat_0001\"", "out of order")
	if d.state != nil {
		t.Errorf("imported %v", d.state)
	}
}

// The engine is killed in the first apply, before it writes a state. The token is
// imported again, and its next rotation revokes the successor that no state has.
func TestDeployTokenImportForgotten(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.world.WorkingDir = t.TempDir()
	d.restart(t)
	old := s.Make(flytest.Make{App: "web"}).Reveal()
	config := attrs{"app": "web"}
	d.imports("web/lat_0001", nil)
	wants(t, d.applies(config), "Is to Be Rotated")
	d.crash(t)
	if got := d.imports("web/lat_0001", nil) + d.refresh() + d.applies(config); strings.Contains(got, "ERROR") || d.state["predecessor_id"] != "lat_0001" {
		t.Fatal(got)
	}
	if s.Issued()[1].RevokedAt.IsZero() || !opens(t, s, old, "web") {
		t.Error("the lost successor is live, or the imported token is not")
	}
	wantTokens(t, s, tokens{minted: 2, revoked: 1, good: 1})
}
