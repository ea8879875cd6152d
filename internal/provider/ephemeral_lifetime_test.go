package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// openedAt opens an ephemeral, and returns when the engine is to renew it.
func (w *wire) openedAt(config attrs) (expires, renew time.Time, private []byte) {
	w.t.Helper()
	resp, err := w.server.OpenEphemeralResource(w.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: "fly_app_token", Config: w.pack(w.ephemeralType(), config),
	})
	w.check(err)
	if got := problems(resp.Diagnostics); got != "" {
		w.t.Fatal(got)
	}
	result := w.unpack(w.ephemeralType(), resp.Result)
	expires, err = time.Parse(time.RFC3339, as[string](w.t, result["expires_at"]))
	w.check(err)
	return expires, resp.RenewAt, resp.Private
}

// A token of one run lives for its own ttl, longer or shorter than an hour.
func TestEphemeralTTL(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{})
	for text, ttl := range map[string]time.Duration{"8h": 8 * time.Hour, "5m": 5 * time.Minute, "48h": 48 * time.Hour} {
		expires, renew, private := w.openedAt(attrs{"app": "web", "revoke_on_close": true, "ttl": text, "min_validity": "1m"})
		if late := time.Until(expires) - ttl; late > 0 || late < -time.Minute {
			t.Errorf("%s: it expires at %s", text, expires)
		}
		if before, want := expires.Sub(renew), min(ttl/10, 10*time.Minute); before < want-10*time.Second || before > want {
			t.Errorf("%s: the warning comes %s before the end", text, before)
		}
		if got := w.closes(private); got != "" || len(good(s)) != 0 {
			t.Errorf("%s: %q are live\n%s", text, good(s), got)
		}
	}
}

// A stored token that expires before min_validity is replaced, once for every reader;
// one that does not is returned.
func TestEphemeralMinValidity(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	configured(t, world, attrs{"token_ttl": "2h", "min_validity": "1m"}).opened(attrs{"app": "web"})
	w := configured(t, world, attrs{"min_validity": "1m"})
	if w.openedAt(attrs{"app": "web", "min_validity": "1h"}); s.Count(flytest.OpMint) != 1 {
		t.Errorf("%d mints: a token of two hours is not valid for one", s.Count(flytest.OpMint))
	}
	for range 2 {
		if expires, _, _ := w.openedAt(attrs{"app": "web", "min_validity": "10h"}); time.Until(expires) < 10*time.Hour {
			t.Errorf("it expires at %s", expires)
		}
	}
	if next, _, _ := configured(t, world, attrs{}).openedAt(attrs{"app": "web", "min_validity": "10h"}); time.Until(next) < 10*time.Hour || s.Count(flytest.OpMint) != 2 {
		t.Errorf("%d mints: the next run's token expires at %s", s.Count(flytest.OpMint), next)
	}
	if s.Count(flytest.OpRevoke) != 0 {
		t.Error("a token was revoked")
	}
}

// A min_validity that cannot be had is an error that says what to set.
func TestEphemeralMinValidityMisses(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	scoped := s.Make(flytest.Make{App: "web", TTL: 2 * time.Hour})
	world := flyServed(t, s, "FLY_API_TOKEN="+scoped.Reveal())
	for name, test := range map[string]struct {
		provider attrs
		want     []string
	}{
		"more than token_ttl": {attrs{"token_ttl": "3h"}, []string{"min_validity (4h) must be less than the provider's token_ttl (3h)"}},
		"a login that ends":   {attrs{"sources": []any{"env"}}, []string{"which is sooner than min_validity (4h)"}},
	} {
		_, _, got := configured(t, world, test.provider).open(t.Context(), attrs{"app": "web", "min_validity": "4h"})
		for _, want := range append(test.want, "ERROR: Unable to Read Fly App Token", `AttributeName("min_validity")`) {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing from:\n%s", name, want, got)
			}
		}
	}
	owner := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{"sources": []any{"env"}})
	if result, _, got := owner.open(t.Context(), attrs{"app": "web", "min_validity": "4h"}); result["token"] == nil || !strings.Contains(got, "WARNING: Lifetime of Fly Token Is Unknown") {
		t.Errorf("an OAuth login:\n%s", got)
	}
}

// Renew warns, keeps what Close needs, and does not ask to be called again.
func TestEphemeralRenewWarns(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{})
	expires, _, private := w.openedAt(attrs{"app": "web", "revoke_on_close": true})
	resp, err := w.server.RenewEphemeralResource(t.Context(), &tfprotov6.RenewEphemeralResourceRequest{TypeName: "fly_app_token", Private: private})
	w.check(err)
	got := problems(resp.Diagnostics)
	if !strings.Contains(got, "WARNING: Fly Token Expires During This Run") || !strings.Contains(got, `The token of app "web" expires at `+expires.Format(time.RFC3339)) || !resp.RenewAt.IsZero() {
		t.Errorf("at %s:\n%s", resp.RenewAt, got)
	}
	if got := w.closes(resp.Private); got != "" || len(good(s)) != 0 {
		t.Errorf("%q are live\n%s", good(s), got)
	}
}

func TestEphemeralLifetimeValidate(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for name, test := range map[string]struct {
		config attrs
		want   string
	}{
		"ttl":                   {attrs{"revoke_on_close": true, "ttl": "8h", "min_validity": "4h"}, ""},
		"not known":             {attrs{"revoke_on_close": unknown{}, "ttl": unknown{}, "min_validity": unknown{}}, ""},
		"shared":                {attrs{"min_validity": "4h"}, ""},
		"ttl of a shared token": {attrs{"ttl": "8h"}, "Without revoke_on_close, the token is shared"},
		"min_validity too long": {attrs{"revoke_on_close": true, "ttl": "8h", "min_validity": "8h"}, "min_validity (8h) must be less than ttl (8h)"},
		"no duration":           {attrs{"min_validity": "1d"}, "Invalid Duration"},
		"too long":              {attrs{"revoke_on_close": true, "ttl": "169h"}, "Invalid Duration"},
	} {
		test.config["app"] = "web"
		if got := w.validateEphemeral(test.config); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
}
