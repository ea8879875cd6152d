package provider_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// configured dials a provider in world and configures it.
func configured(t *testing.T, world provider.World, config attrs) *wire {
	t.Helper()
	w := dial(t, world)
	if got := w.configure(config); got != "" {
		t.Fatal(got)
	}
	return w
}

// good counts the tokens of s that were minted over the API and not revoked.
func good(s *flytest.Server) (names []string) {
	for _, one := range s.Issued() {
		if one.Over && one.RevokedAt.IsZero() {
			names = append(names, one.Name)
		}
	}
	return names
}

// stored lists the minted records in a world's storage.
func stored(t *testing.T, world provider.World) []string {
	t.Helper()
	return mintedIn(t, filepath.Join(world.ConfigDir, "terraform-provider-fly"))
}

// The ephemeral has the data source's token. Plan and apply share it through
// storage, and closing does not change it.
func TestEphemeralSharesOneToken(t *testing.T) {
	t.Parallel()
	for _, access := range []any{nil, "readonly", "deploy"} {
		s := flytest.New(t, flyWorld())
		world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
		config := attrs{"app": "web", "access": access}
		plan := configured(t, world, attrs{})
		first, private := plan.opened(config)
		if got := plan.closes(private); got != "" || strings.Contains(string(private), as[string](t, first["token"])[10:40]) {
			t.Errorf("%v: the private data is %s, and closing says %q", access, private, got)
		}
		apply := configured(t, world, attrs{})
		second, _ := apply.opened(config)
		data, got := apply.read(t.Context(), config)
		if got != "" {
			t.Fatal(got)
		}
		for _, name := range []string{"revoke_on_close", "ttl", "min_validity"} {
			data[name] = nil
		}
		if diff := cmp.Diff(first, second) + cmp.Diff(second, data); diff != "" {
			t.Errorf("%v: the runs differ:\n%s", access, diff)
		}
		if names := good(s); s.Count(flytest.OpMint) != 1 || len(names) != 1 || s.Count(flytest.OpRevoke) != 0 {
			t.Errorf("%v: %d mints, %d revocations, %v is good", access, s.Count(flytest.OpMint), s.Count(flytest.OpRevoke), names)
		}
	}
}

// With revoke_on_close each opening has a separate token with a unique name
// that is not stored, and closing revokes it.
func TestEphemeralRevokeOnClose(t *testing.T) {
	t.Parallel()
	for _, access := range []any{nil, "readonly", "deploy"} {
		s := flytest.New(t, flyWorld())
		world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
		w := configured(t, world, attrs{"sources": []any{"manual"}})
		config := attrs{"app": "web", "access": access, "revoke_on_close": true}
		first, private := w.opened(config)
		second, _ := w.opened(config)
		if first["token"] == second["token"] || !opens(t, s, as[string](t, first["token"]), "web") {
			t.Errorf("%v: two openings share %v", access, first["fingerprint"])
		}
		if until, err := time.Parse(time.RFC3339, as[string](t, first["expires_at"])); err != nil || time.Until(until) > time.Hour {
			t.Errorf("%v: it is good until %v", access, first["expires_at"])
		}
		if bytes.Contains(private, []byte(as[string](t, first["token"])[:40])) || bytes.Contains(private, []byte("fm2_")) {
			t.Errorf("%v: the private data holds the token", access)
		}
		if names := good(s); len(names) != 2 || !strings.HasPrefix(names[0], "terraform-provider-fly web (ephemeral ") || names[0] == names[1] {
			t.Errorf("%v: minted %q", access, names)
		}
		if got := w.closes(private); got != "" {
			t.Error(got)
		}
		if opens(t, s, as[string](t, first["token"]), "web") || !opens(t, s, as[string](t, second["token"]), "web") {
			t.Errorf("%v: of two tokens the one that was closed is not the one that was revoked", access)
		}
		if files := stored(t, world); len(files) != 0 {
			t.Errorf("%v: stored %v", access, files)
		}
	}
}

// A token_ttl below an hour also bounds the life of such a token.
func TestEphemeralRevokeOnCloseTTL(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	w := configured(t, world, attrs{"token_ttl": "10m", "min_validity": "1m"})
	got, _ := w.opened(attrs{"app": "web", "revoke_on_close": true})
	if until, err := time.Parse(time.RFC3339, as[string](t, got["expires_at"])); err != nil || time.Until(until) > 10*time.Minute {
		t.Errorf("it is good until %v", got["expires_at"])
	}
}

// A process that did not mint the token revokes it by the private data.
func TestEphemeralCloseElsewhere(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
	_, private := configured(t, world, attrs{}).opened(attrs{"app": "web", "revoke_on_close": true})
	if got := configured(t, world, attrs{}).closes(private); got != "" || len(good(s)) != 0 {
		t.Errorf("%v is still good: %s", good(s), got)
	}
}

// Close works without the provider attributes that Open did not need.
func TestEphemeralClosesAsItOpened(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{"organization": unknown{}})
	_, private := w.opened(attrs{"app": "web", "organization": "acme", "revoke_on_close": true})
	if got := w.closes(private); got != "" || len(good(s)) != 0 {
		t.Errorf("%v is still good: %s", good(s), got)
	}
}

// The error if no revocable token can be minted. No token is left behind.
func TestEphemeralRevokeOnCloseMisses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config, data attrs
		login        string
		fault        *flytest.Fault
		want         []string
	}{
		"a scoped login": {login: "scoped", want: []string{"scoped tokens cannot mint other tokens", "mint with a user's login", `AttributeName("revoke_on_close")`}},
		"no login":       {want: []string{"no login", "fly auth login"}},
		"no such app":    {login: "user", data: attrs{"app": "next"}, want: []string{`look up app "next"`, "Without revoke_on_close"}},
		"another organization": {
			login: "user", data: attrs{"organization": "globex", "access": "deploy"},
			want: []string{`belongs to organization "acme", not to "globex"`},
		},
		"an organization that is not known yet": {
			login: "user", config: attrs{"organization": unknown{}}, want: []string{"Unable to Configure Fly Provider"},
		},
		"no identifier": {
			login: "user", fault: new(flytest.Fail(200, `{"data":{"createLimitedAccessToken":{"limitedAccessToken":{"id":"","tokenHeader":"FlyV1 `+macaroonFor("lost")+`"}}}}`)),
			want: []string{"has no identifier"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			world := flyServed(t, s)
			switch test.login {
			case "user":
				world.Variables = append(world.Variables, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())
			case "scoped":
				world.Variables = append(world.Variables, "FLY_API_TOKEN="+s.Make(flytest.Make{App: "web"}).Reveal())
			}
			if test.fault != nil {
				s.Inject(flytest.OpMint, *test.fault)
			}
			w := dial(t, world)
			w.configure(test.config)
			data := attrs{"app": "web", "revoke_on_close": true}
			for name, v := range test.data {
				data[name] = v
			}
			result, private, got := w.open(t.Context(), data)
			for _, want := range append(test.want, "ERROR: Unable to ") {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing from:\n%s", want, got)
				}
			}
			if len(private) != 0 || result["token"] != nil || len(good(s)) != 0 {
				t.Errorf("opened %v, and %v is good", result, good(s))
			}
		})
	}
}

func TestEphemeralValidate(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for name, test := range map[string]struct {
		config attrs
		want   string
	}{
		"good":              {attrs{"app": "web", "access": "deploy", "organization": "acme", "revoke_on_close": true}, ""},
		"shared, refreshed": {attrs{"app": "web", "refresh": "always", "revoke_on_close": false}, ""},
		"not known yet":     {attrs{"app": unknown{}, "revoke_on_close": unknown{}, "refresh": "always"}, ""},
		"own, refreshed":    {attrs{"app": "web", "refresh": "always", "revoke_on_close": true}, "omit refresh"},
		"app":               {attrs{"app": "../web"}, "Invalid App Name"},
		"access":            {attrs{"app": "web", "access": "admin"}, "admin"},
	} {
		if got := w.validateEphemeral(test.config); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: said:\n%s", name, got)
		}
	}
}
