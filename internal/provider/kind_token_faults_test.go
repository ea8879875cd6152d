package provider_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// TestKindTokenRevokedElsewhere revokes a token behind the provider's back, listed
// and not: it is gone from the state, and planned anew.
func TestKindTokenRevokedElsewhere(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		for _, listed := range []bool{true, false} {
			s := flytest.New(t, flyWorld())
			d := kindAt(t, s, k)
			d.created(k.config)
			if !listed {
				d.state["token_id"] = "lat_elsewhere"
				if got := d.refresh(); got != "" || d.state == nil {
					t.Fatalf("%s: a live token is gone: %s", name, got)
				}
			}
			s.Revoke(parsed(t, as[string](t, d.state["token"])))
			wants(t, d.refresh(), "Was Revoked", "because it was revoked")
			if d.state != nil {
				t.Errorf("%s, listed %t: a revoked token is still in the state", name, listed)
			}
		}
	}
}

// TestKindTokenFlyDown changes nothing while Fly does not answer.
func TestKindTokenFlyDown(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		s := flytest.New(t, flyWorld())
		d := kindAt(t, s, k)
		d.created(k.config)
		before := d.state
		s.Inject(flytest.OpAny, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
		wants(t, d.refresh(), "WARNING: Unable to Check Fly ", "out of order", "lat_0001")
		changed := maps.Clone(k.config)
		changed["ttl"] = "48h"
		wants(t, d.applies(changed), "ERROR: Unable to Mint Fly ", "out of order")
		wants(t, d.applies(nil), "ERROR: Unable to Revoke Fly ", "out of order", "Run destroy again")
		if diff := cmp.Diff(before, d.state); diff != "" {
			t.Errorf("%s: the state changed:\n%s", name, diff)
		}
	}
}

// TestKindTokenForgotten kills the engine before it writes the state: the next
// creation of the same resource revokes the token that no state has.
func TestKindTokenForgotten(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		s := flytest.New(t, flyWorld())
		d := kindAt(t, s, k)
		d.world.WorkingDir = t.TempDir()
		d.restart(t)
		forgotten := d.forget()
		d.created(k.config)
		forgotten()
		d.crash(t)
		d.created(k.config)
		if n := len(good(s)); n != 1 {
			t.Errorf("%s: %d tokens are live", name, n)
		}
	}
}

// TestKindTokensOfOneApp mints two kinds for one app, and the deploy token: none
// takes another for its own.
func TestKindTokensOfOneApp(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.world.WorkingDir = t.TempDir()
	d.restart(t)
	d.created(attrs{"app": "web"})
	kinds := kindsOfTokens()
	for _, name := range []string{"ssh", "machine-exec"} {
		d.crash(t)
		d.state, d.private, d.resource = nil, nil, kinds[name].resource
		if got := d.applies(kinds[name].config); strings.Contains(got, "ERROR") {
			t.Fatal(got)
		}
	}
	wantTokens(t, s, tokens{minted: 3, good: 3})
}

// TestOrganizationTokenIsLoud warns at each plan of a token that gives access to a whole
// organization, until the configuration confirms it.
func TestOrganizationTokenIsLoud(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := kindAt(t, s, kindsOfTokens()["organization"])
	const loud = "WARNING: Fly Token Gives Access to a Whole Organization"
	for name, test := range map[string]struct {
		config attrs
		want   bool
	}{
		"full":          {attrs{"organization": "acme", "access": "full"}, true},
		"not confirmed": {attrs{"organization": "acme", "access": "full", "organization_wide": false}, true},
		"confirmed":     {attrs{"organization": "acme", "access": "full", "organization_wide": true}, false},
		"read-only":     {attrs{"organization": "acme"}, false},
	} {
		if _, got := d.plan(test.config); strings.Contains(got, loud) != test.want {
			t.Errorf("%s: said %q", name, got)
		}
		_, private, got := d.openKind("fly_organization_token", test.config)
		if strings.Contains(got, loud) != test.want {
			t.Errorf("%s, ephemeral: said %q", name, got)
		}
		if got := d.closeKind("fly_organization_token", private); got != "" {
			t.Error(got)
		}
	}
	full := attrs{"organization": "acme", "access": "full"}
	wants(t, d.applies(full), loud)
	if _, got := d.plan(full); !strings.Contains(got, loud) {
		t.Errorf("the second plan says %q", got)
	}
	confirmed := attrs{"organization": "acme", "access": "full", "organization_wide": true}
	before := d.state["token"]
	if got := d.applies(confirmed); got != "" || d.state["token"] != before {
		t.Errorf("confirming it rotates, or says %q", got)
	}
}

func TestKindTokenValidate(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	command := func(v attrs) attrs { return attrs{"app": "web", "commands": []any{v}} }
	for name, test := range map[string]struct {
		resource string
		config   attrs
		want     string
	}{
		"good":              {"fly_ssh_token", attrs{"app": "web", "name": "ops", "ttl": "24h", "rotate_before": "1h"}, ""},
		"unknown":           {"fly_machine_exec_token", attrs{"app": unknown{}, "commands": unknown{}}, ""},
		"any command":       {"fly_machine_exec_token", command(attrs{"args": []any{}, "exact": false}), ""},
		"unknown arguments": {"fly_machine_exec_token", command(attrs{"args": unknown{}}), ""},
		"no commands":       {"fly_machine_exec_token", attrs{"app": "web", "commands": []any{}}, "at least 1"},
		"an empty command":  {"fly_machine_exec_token", command(attrs{"args": []any{}}), "Invalid Command"},
		"access":            {"fly_organization_token", attrs{"organization": "acme", "access": "deploy"}, "Invalid Access"},
		"organization":      {"fly_wireguard_token", attrs{"organization": "Acme Inc"}, "Invalid"},
		"app":               {"fly_ssh_token", attrs{"app": "../web"}, "Invalid App Name"},
		"rotation":          {"fly_ssh_token", attrs{"app": "web", "ttl": "1h", "rotate_before": "2h"}, "rotate_before (2h) must be less than ttl (1h)"},
	} {
		resp, err := w.server.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: test.resource, Config: w.pack(w.schema.ResourceSchemas[test.resource].ValueType(), test.config),
		})
		w.check(err)
		if got := problems(resp.Diagnostics); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
	resp, err := w.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: "fly_ssh_token", ID: "lat_0001"})
	w.check(err)
	wants(t, problems(resp.Diagnostics), "ERROR: Unable to Import Fly SSH Token", "only when it is minted")
}
