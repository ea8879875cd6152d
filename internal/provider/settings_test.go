package provider_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// cliWorld is a world with a login, and with flyctl on PATH.
func cliWorld(t *testing.T, b fakefly.Behaviour, more ...string) (provider.World, *fakefly.Fake) {
	t.Helper()
	fly := fakefly.Install(t, b)
	world := scratch(t)
	world.Variables = append([]string{"PATH=" + fly.Dir(), "FLY_API_TOKEN=" + macaroonFor("login")}, more...)
	return world, fly
}

// The organization and the lifetime that flyctl gets.
func TestCLISettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env          []string
		config, data attrs
		org, expiry  string
	}{
		"FLY_ORG":           {env: []string{"FLY_ORG=from-env"}, org: "from-env", expiry: "24h0m0s"},
		"the provider's":    {env: []string{"FLY_ORG=from-env"}, config: attrs{"organization": "from-block"}, org: "from-block", expiry: "24h0m0s"},
		"the data source's": {config: attrs{"organization": "from-block"}, data: attrs{"organization": "from-data"}, org: "from-data", expiry: "24h0m0s"},
		"token_ttl":         {config: attrs{"organization": "acme", "token_ttl": "90m"}, org: "acme", expiry: "1h30m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world, fly := cliWorld(t, fakefly.Behaviour{}, test.env...)
			w := dial(t, world)
			if got := w.configure(test.config); got != "" {
				t.Fatal(got)
			}
			data := attrs{"app": "web"}
			for attribute, v := range test.data {
				data[attribute] = v
			}
			if state, got := w.read(t.Context(), data); state["origin"] != "cli" || got != "" {
				t.Fatalf("got %v:\n%s", state, got)
			}
			calls := fly.Calls()
			if len(calls) != 1 || calls[0].Fly["FLY_ORG"] != test.org || !slices.Contains(calls[0].Args, test.expiry) {
				t.Errorf("flyctl was run as %+v", calls)
			}
		})
	}
}

func TestCLIWithoutOrganization(t *testing.T) {
	t.Parallel()
	world, fly := cliWorld(t, fakefly.Behaviour{})
	w := dial(t, world)
	if got := w.configure(attrs{"sources": []any{"cli"}}); got != "" {
		t.Fatal(got)
	}
	_, got := w.read(t.Context(), attrs{"app": "web"})
	if !strings.Contains(got, "set organization, or FLY_ORG") || len(fly.Calls()) != 0 {
		t.Errorf("after %d calls:\n%s", len(fly.Calls()), got)
	}
}

// The data source's refresh takes precedence over the provider's.
func TestRefreshOfTheDataSource(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		block, data any
		calls       int
	}{
		"default":               {calls: 1},
		"the provider's always": {block: "always", calls: 2},
		"its own always":        {data: "always", calls: 2},
		"its own if_expired":    {block: "always", data: "if_expired", calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world, fly := cliWorld(t, fakefly.Behaviour{}, "FLY_ORG=acme")
			for range 2 {
				w := dial(t, world)
				if got := w.configure(attrs{"refresh": test.block}); got != "" {
					t.Fatal(got)
				}
				if state, got := w.read(t.Context(), attrs{"app": "web", "refresh": test.data}); state["origin"] != "cli" {
					t.Fatalf("got %v:\n%s", state, got)
				}
			}
			if got := len(fly.Calls()); got != test.calls {
				t.Errorf("two runs ran flyctl %d times, want %d", got, test.calls)
			}
		})
	}
}

// The location of storage, and the interpretation of its path.
func TestStoragePlaces(t *testing.T) {
	t.Parallel()
	elsewhere := t.TempDir()
	for name, test := range map[string]struct {
		config attrs
		env    []string
		want   func(provider.World) string
	}{
		"default":           {want: func(w provider.World) string { return filepath.Join(w.ConfigDir, "terraform-provider-fly") }},
		"FLY_TOKEN_STORAGE": {env: []string{"FLY_TOKEN_STORAGE=" + filepath.Join(elsewhere, "env")}, want: func(provider.World) string { return filepath.Join(elsewhere, "env") }},
		"home in it":        {env: []string{"FLY_TOKEN_STORAGE=~/env"}, want: func(w provider.World) string { return filepath.Join(w.Home, "env") }},
		"storage.path": {
			config: attrs{"storage": attrs{"path": "~/block"}}, env: []string{"FLY_TOKEN_STORAGE=" + filepath.Join(elsewhere, "other")},
			want: func(w provider.World) string { return filepath.Join(w.Home, "block") },
		},
		"an empty block": {config: attrs{"storage": attrs{}}, want: func(w provider.World) string { return filepath.Join(w.ConfigDir, "terraform-provider-fly") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := scratch(t)
			world.Variables = test.env
			w := dial(t, world)
			if got := w.configure(test.config); got != "" {
				t.Fatal(got)
			}
			created(w, attrs{"app": "web", "token": macaroonFor("web")})
			if got := resolved(manual(t, test.want(world))); got != macaroonFor("web") {
				t.Errorf("%s holds %v", test.want(world), got)
			}
		})
	}
}
