package provider_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

func (w *wire) ephemeralTypeOf(name string) tftypes.Type {
	return w.schema.EphemeralResourceSchemas[name].ValueType()
}

// openKind opens an ephemeral resource of that type.
func (w *wire) openKind(name string, config attrs) (result attrs, private []byte, diags string) {
	w.t.Helper()
	typ := w.ephemeralTypeOf(name)
	resp, err := w.server.OpenEphemeralResource(w.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: name, Config: w.pack(typ, config)})
	w.check(err)
	return w.unpack(typ, resp.Result), resp.Private, problems(resp.Diagnostics)
}

// closeKind closes one.
func (w *wire) closeKind(name string, private []byte) string {
	w.t.Helper()
	resp, err := w.server.CloseEphemeralResource(w.t.Context(), &tfprotov6.CloseEphemeralResourceRequest{TypeName: name, Private: private})
	w.check(err)
	return problems(resp.Diagnostics)
}

// TestKindTokenEphemeral opens a token of each kind: it does what it is for until
// it is closed, or stays if it is to stay.
func TestKindTokenEphemeral(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		for _, stays := range []bool{false, true} {
			s := flytest.New(t, flyWorld())
			d := kindAt(t, s, k)
			config := maps.Clone(k.config)
			config["ttl"] = "30m"
			if stays {
				config["revoke_on_close"] = false
			}
			opened, private, got := d.openKind(k.resource, config)
			if got != "" {
				t.Fatalf("%s: %s", name, got)
			}
			header := as[string](t, opened["authorization_header"])
			if can := attemptsOnFly(s, header); can != k.can {
				t.Errorf("%s: %s, want %s", name, can, k.can)
			}
			if got := d.closeKind(k.resource, private); got != "" {
				t.Errorf("%s: %s", name, got)
			}
			if err := d.end(t.Context()); err != nil {
				t.Error(err)
			}
			if left := len(good(s)); (left == 1) != stays {
				t.Errorf("%s: %d tokens are live after the run, to stay %t", name, left, stays)
			}
			if !stays && k.announced(t, d, s) != 0 {
				t.Errorf("%s: a revoked token is still announced", name)
			}
		}
	}
}

// TestKindTokenEphemeralLeftOpen ends the provider without closing, as an engine
// does whose run failed.
func TestKindTokenEphemeralLeftOpen(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		s := flytest.New(t, flyWorld())
		d := kindAt(t, s, k)
		if _, _, got := d.openKind(k.resource, k.config); got != "" || len(good(s)) != 1 {
			t.Fatalf("%s: %s", name, got)
		}
		if err := d.end(t.Context()); err != nil || len(good(s)) != 0 {
			t.Errorf("%s: %v, and %v is live", name, err, good(s))
		}
	}
}

// TestKindTokenEphemeralKilled kills the provider: the next opening revokes what
// it left.
func TestKindTokenEphemeralKilled(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		s := flytest.New(t, flyWorld())
		d := kindAt(t, s, k)
		_, _, _ = d.openKind(k.resource, k.config)
		d.crash(t)
		if _, _, got := d.openKind(k.resource, k.config); got != "" || len(good(s)) != 1 {
			t.Errorf("%s: %v is live: %s", name, good(s), got)
		}
	}
}

// TestKindTokenEphemeralFaults checks what a user reads.
func TestKindTokenEphemeralFaults(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	_, private, got := d.openKind("fly_ssh_token", attrs{"app": "web"})
	if got != "" {
		t.Fatal(got)
	}
	s.Inject(flytest.OpRevoke, flytest.FailGraphQL("SERVER_ERROR", "out of order"))
	wants(t, d.closeKind("fly_ssh_token", private), "ERROR: Unable to Revoke Fly SSH Token", "out of order", "fly tokens revoke lat_0001")
	s.Reset()
	for want, config := range map[string]attrs{
		`No token was minted for app "missing"`: {"app": "missing"},
		"Invalid App Name":                      {"app": "../web"},
		"out of bounds":                         {"app": "web", "ttl": "2h"},
	} {
		typ := d.ephemeralTypeOf("fly_ssh_token")
		resp, err := d.server.ValidateEphemeralResourceConfig(t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: "fly_ssh_token", Config: d.pack(typ, config)})
		d.check(err)
		said := problems(resp.Diagnostics)
		if said == "" {
			_, _, said = d.openKind("fly_ssh_token", config)
		}
		if !strings.Contains(said, want) {
			t.Errorf("%v: said %q", config, said)
		}
	}
}
