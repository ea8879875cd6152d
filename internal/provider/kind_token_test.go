package provider_test

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// kindOfToken is a kind as tests use it.
type kindOfToken struct {
	resource string
	config   attrs
	// can has a letter for each of [attemptsOnFly]: y if the token can do it.
	can string
	// narrow is what flyctl makes of the token that Fly mints.
	narrow func(macaroon.Bundle) (macaroon.Bundle, error)
}

// kindsOfTokens are all kinds, by a name for messages.
func kindsOfTokens() map[string]kindOfToken {
	migrate := attrs{"args": []any{"bin/migrate", "up"}}
	report := attrs{"args": []any{"bin/report"}, "exact": false}
	return map[string]kindOfToken{
		"ssh": {"fly_ssh_token", attrs{"app": "web"}, "ynn nnn yn yn n", macaroon.Bundle.SSH},
		"machine-exec": {"fly_machine_exec_token", attrs{"app": "web", "commands": []any{migrate, report}}, "ynn ynn nn nn n", func(b macaroon.Bundle) (macaroon.Bundle, error) {
			return b.MachineExec(macaroon.Command{Args: []string{"bin/migrate", "up"}, Exact: true}, macaroon.Command{Args: []string{"bin/report"}})
		}},
		"wireguard":    {"fly_wireguard_token", attrs{"organization": "acme"}, "nnn nnn nn yn n", macaroon.Bundle.WireGuard},
		"readonly":     {"fly_organization_token", attrs{"organization": "acme"}, "yyn nnn nn nn n", macaroon.Bundle.ReadOrganization},
		"organization": {"fly_organization_token", attrs{"organization": "acme", "access": "full", "organization_wide": true}, "yyy yyy yy yn n", func(b macaroon.Bundle) (macaroon.Bundle, error) { return b, nil }},
	}
}

// attemptsOnFly does with a token what tokens are for, and returns a letter for
// each attempt: y if Fly let it.
func attemptsOnFly(s *flytest.Server, header string) string {
	acmes, globexs := flytest.Organization{Slug: "acme", NumericID: acme}, flytest.Organization{Slug: "globex", NumericID: globex}
	got := ""
	for i, group := range [][]flytest.Attempt{
		{flytest.ReadApp("web"), flytest.ReadApp("worker"), flytest.CreateMachine("web")},
		{flytest.Exec("web", "bin/migrate", "up"), flytest.Exec("web", "bin/migrate"), flytest.Exec("worker", "bin/migrate", "up")},
		{flytest.IssueCertificate("web"), flytest.IssueCertificate("worker")},
		{flytest.AddPeer(acmes), flytest.AddPeer(globexs)},
		{flytest.ReadApp("shop")},
	} {
		if i > 0 {
			got += " "
		}
		for _, attempt := range group {
			if s.Allows(header, attempt) {
				got += "y"
			} else {
				got += "n"
			}
		}
	}
	return got
}

// announced counts the mints for the app or the organization of k that storage
// has announced.
func (k kindOfToken) announced(t *testing.T, d *deployed, s *flytest.Server) int {
	t.Helper()
	request := token.Request{Organization: "acme"}
	if k.config["app"] != nil {
		request.App = "web"
	}
	mints, err := journal(d.world, s).Announced(t.Context(), request.Place())
	if err != nil {
		t.Fatal(err)
	}
	return len(mints)
}

// kindAt is a resource of a kind that is not there yet.
func kindAt(t *testing.T, s *flytest.Server, k kindOfToken, more ...string) *deployed {
	t.Helper()
	d := deployable(t, s, more...)
	d.resource = k.resource
	return d
}

// TestKindTokenUse uses a token of each kind: what it is for is allowed, and
// anything else is refused.
func TestKindTokenUse(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		for _, atTop := range []bool{false, true} {
			world := flyWorld()
			world.AppsAtTop = atTop
			want := k.can
			if atTop && name == "ssh" {
				want = "ynn nnn yn nn n" // taken literally, such a deploy token opens no feature
			}
			s := flytest.New(t, world)
			d := kindAt(t, s, k)
			d.created(k.config)
			if got := attemptsOnFly(s, as[string](t, d.state["authorization_header"])); got != want {
				t.Errorf("%s, apps at top %t: %s, want %s", name, atTop, got, want)
			}
			if got := d.applies(nil); got != "" {
				t.Error(got)
			}
			wantTokens(t, s, tokens{minted: 1, revoked: 1})
		}
	}
}

// TestKindTokenIsFlyctls checks that the token is what flyctl makes of the same
// answer, to the byte.
func TestKindTokenIsFlyctls(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		s := flytest.New(t, flyWorld())
		of := flytest.Make{TTL: 24 * time.Hour, Organization: "acme"}
		if k.config["app"] != nil {
			of.App = "web"
		}
		minted := s.Make(of)
		want, err := k.narrow(bundle(t, minted.Reveal()))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal(map[string]any{"data": map[string]any{"createLimitedAccessToken": map[string]any{
			"limitedAccessToken": map[string]any{"id": "lat_0001", "tokenHeader": minted.AuthorizationHeader()},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		s.Inject(flytest.OpMint, flytest.Fail(200, string(answer)))
		d := kindAt(t, s, k)
		wants(t, d.applies(k.config), "Is Short-Lived")
		if d.state["token"] != want.Reveal() {
			t.Errorf("%s: the token is not flyctl's", name)
		}
	}
}

// TestKindTokenUnproven checks that a token which can do more than its kind is
// revoked, and not handed out.
func TestKindTokenUnproven(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		s := flytest.New(t, flyWorld())
		other := s.Make(flytest.Make{App: "shop"})
		answer, err := json.Marshal(map[string]any{"data": map[string]any{"createLimitedAccessToken": map[string]any{
			"limitedAccessToken": map[string]any{"id": "lat_0001", "tokenHeader": other.AuthorizationHeader()},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		s.Inject(flytest.OpMint, flytest.Fail(200, string(answer)))
		d := kindAt(t, s, k)
		wants(t, d.applies(k.config), "ERROR: Unable to Mint Fly ", "the token does not prove this access")
		if d.state != nil || opens(t, s, other.Reveal(), "shop") {
			t.Errorf("%s: an unproven token is live, or in the state: %v", name, d.state)
		}
	}
}

// TestKindTokenLife rotates a token when it is due, and by its arguments, and
// destroys it with its predecessor.
func TestKindTokenLife(t *testing.T) {
	t.Parallel()
	for name, k := range kindsOfTokens() {
		s := flytest.New(t, flyWorld())
		d := kindAt(t, s, k)
		d.created(k.config)
		first := d.state
		if got := d.refresh(); got != "" {
			t.Errorf("%s: %s", name, got)
		}
		if c, got := d.plan(k.config); got != "" || cmp.Diff(d.state, c.planned) != "" {
			t.Errorf("%s: a plan without a change:\n%s\n%s", name, got, cmp.Diff(d.state, c.planned))
		}
		d.ahead.Store(int64(541 * time.Hour)) // of 720, less a quarter
		wants(t, d.refresh()+d.applies(k.config), "Is to Be Rotated", as[string](t, first["token_id"]), "within rotate_before (180h)")
		wantTokens(t, s, tokens{minted: 2, good: 2})
		d.ahead.Store(0)
		changed := maps.Clone(k.config)
		changed["triggers"] = map[string]string{"reason": "leaver"}
		wants(t, d.refresh()+d.applies(changed), "triggers changes")
		wantTokens(t, s, tokens{minted: 3, revoked: 1, good: 2})
		if attemptsOnFly(s, as[string](t, d.state["authorization_header"])) != k.can {
			t.Errorf("%s: the third token is of a different kind", name)
		}
		d.refresh()
		if left := k.announced(t, d, s); left != 0 {
			t.Errorf("%s: %d mints are still announced", name, left)
		}
		if got := d.applies(nil); got != "" || d.state != nil {
			t.Errorf("%s: %s", name, got)
		}
		wantTokens(t, s, tokens{minted: 3, revoked: 3})
	}
}
