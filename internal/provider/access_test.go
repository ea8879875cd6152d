package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// flyServed is a world in which s serves Fly's APIs.
func flyServed(t *testing.T, s *flytest.Server, more ...string) provider.World {
	t.Helper()
	world := scratch(t)
	world.Variables = append(at(s), more...)
	return world
}

// reads configures a provider in world and reads one data source.
func reads(t *testing.T, world provider.World, config, data attrs) (attrs, string) {
	t.Helper()
	w := dial(t, world)
	if got := w.configure(config); got != "" {
		t.Fatal(got)
	}
	return w.read(t.Context(), data)
}

// accessMiss is a request that cannot be granted, and parts of its error.
type accessMiss struct {
	login        string
	config, data attrs
	offline      bool
	want         []string
}

// accessMisses lists them for a server of [flyWorld].
func accessMisses(s *flytest.Server) map[string]accessMiss {
	user, stranger := s.Login(ownerOfBoth).Reveal(), s.Login(memberOfGlobexAlone).Reveal()
	others := s.Make(flytest.Make{Organization: "globex"}).Reveal()
	narrow := s.Make(flytest.Make{App: "worker"}).Reveal()
	return map[string]accessMiss{
		"an fo1 and no API": {
			login: user, data: attrs{"access": "readonly"}, offline: true,
			want: []string{
				"cli: no `fly` or `flyctl` on PATH", `api: cannot look up app "web": no connection to 127.0.0.1:1`,
				`env: the token found is an OAuth token, which cannot be narrowed to access "readonly": let the cli or api source mint one, or omit access`,
				"manual: no manual token is set",
			},
		},
		"a macaroon and no API": {
			login: others, config: attrs{"sources": []any{"env"}}, data: attrs{"access": "deploy"}, offline: true,
			want: []string{`env: cannot narrow the token found to access "deploy", because the app's number is unknown`, "try again when Fly's API answers, or omit access"},
		},
		"another organization": {
			login: user, config: attrs{"sources": []any{"api"}}, data: attrs{"access": "deploy", "organization": "globex"},
			want: []string{`api: app "web" belongs to organization "acme", not to "globex"`, "correct `organization` or FLY_ORG, or omit it"},
		},
		"an organization that is not there": {
			login: user, config: attrs{"sources": []any{"api"}}, data: attrs{"app": "next", "organization": "initech"},
			want: []string{`api: cannot look up organization "initech": the organization does not exist`, "fly orgs list"},
		},
		"no member": {
			login: stranger, config: attrs{"sources": []any{"api"}}, data: attrs{},
			want: []string{`api: cannot look up app "web": the app does not exist, or this token cannot see it`, "check the app's name"},
		},
		"an app that is not there": {
			login: user, config: attrs{"sources": []any{"api"}}, data: attrs{"app": "next"},
			want: []string{`look up app "next"`, "or set `organization` if the app does not exist yet"},
		},
		"a macaroon of another organization": {
			login: others, config: attrs{"sources": []any{"env"}}, data: attrs{"access": "readonly"},
			want: []string{`env: cannot narrow the token found to access "readonly", because the app's number is unknown`, "this token cannot see it", `; cannot look up app "web" with the token found: Fly does not permit this`, ": check the app's name and the login, or omit access"},
		},
		"a macaroon of another app": {
			login: narrow, config: attrs{"sources": []any{"api", "env"}}, data: attrs{"access": "readonly"},
			want: []string{`api: cannot look up app "web": the app does not exist`, `; cannot look up app "web" with the token found: Fly does not permit this`},
		},
		"no login": {
			config: attrs{"sources": []any{"api"}}, data: attrs{},
			want: []string{"api: no login: ", "run `fly auth login`, or set FLY_API_TOKEN"},
		},
		"a scoped login": {
			login: s.Make(flytest.Make{Organization: "acme"}).Reveal(), config: attrs{"sources": []any{"api"}}, data: attrs{},
			want: []string{"api: Fly refused to mint with this login, and scoped tokens cannot mint other tokens", "fo1_"},
		},
	}
}

// The errors for an access, or an organization, that no source can provide.
func TestAccessMisses(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	for name, test := range accessMisses(s) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := flyServed(t, s)
			if test.offline {
				world.Variables = nil
			}
			if test.login != "" {
				world.Variables = append(world.Variables, "FLY_API_TOKEN="+test.login)
			}
			data := attrs{"app": "web"}
			for attribute, v := range test.data {
				data[attribute] = v
			}
			state, got := reads(t, world, test.config, data)
			if state["token"] != nil || leak(got, test.login) != "" {
				t.Errorf("a token was returned, or the error is:\n%s", got)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing from:\n%s", want, got)
				}
			}
		})
	}
}

// An organization that is not the app's is an error of the first run, and no token is
// minted in it: not by flyctl, not over the API, and not for revoke_on_close.
func TestWrongOrganization(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	fly := fakefly.Install(t, fakefly.Behaviour{Online: true})
	world := flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal(), "FLY_ORG=globex", "PATH="+fly.Dir())
	for _, source := range []string{"cli", "api"} {
		w := configured(t, world, attrs{"sources": []any{"storage", source}})
		_, got := w.read(t.Context(), attrs{"app": "web"})
		wants(t, got, "ERROR: Unable to Read Fly App Token", source+`: app "web" belongs to organization "acme", not to "globex": correct `+"`organization` or FLY_ORG, or omit it")
	}
	_, _, got := configured(t, world, attrs{}).open(t.Context(), attrs{"app": "web", "revoke_on_close": true})
	wants(t, got, "ERROR: Unable to Read Fly App Token", `app "web" belongs to organization "acme", not to "globex"`)
	if len(s.Issued()) != 0 || len(fly.Calls()) != 0 {
		t.Errorf("%d tokens were minted, and flyctl ran %d times", len(s.Issued()), len(fly.Calls()))
	}
}

// The accepted values of access and api.
func TestAccessAndAPIValidation(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for text, good := range map[string]bool{"readonly": true, "deploy": true, "": false, "read-only": false, "write": false} {
		got := w.validateData(attrs{"app": "web", "access": text})
		if (got == "") != good || !good && !(strings.Contains(got, "readonly, deploy") && strings.Contains(got, `AttributeName("access")`)) {
			t.Errorf("access = %q: %q", text, got)
		}
	}
	for text, good := range map[string]bool{
		"https://api.example.com": true, "http://localhost:4280": true, "http://127.0.0.1:4280": true, "http://[::1]:4280": true,
		"http://api.example.com": false, "http://_api.internal:4280": false, "": false, "api.fly.io": false, "ftp://api.fly.io": false,
		"https://user:pw-of-mine@api.fly.io": false, "https://api.fly.io?x=y": false, "https://": false,
	} {
		for _, attribute := range []string{"base_url", "machines_base_url"} {
			got := w.validateProvider(attrs{"api": attrs{attribute: text}})
			if (got == "") != good || !good && !strings.Contains(got, attribute) || strings.Contains(got, "pw-of-mine") {
				t.Errorf("api.%s = %q: %q", attribute, text, got)
			}
		}
	}
	for text, good := range map[string]bool{"100ms": true, "5m": true, "99ms": false, "6m": false, "15": false, "": false} {
		if got := w.validateProvider(attrs{"api": attrs{"timeout": text}}); (got == "") != good {
			t.Errorf("api.timeout = %q: %q", text, got)
		}
	}
}

// An unsafe address in the environment stops the operations that would send a
// token to it. api in the provider block takes precedence.
func TestAPIAddresses(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	for name, test := range map[string]struct {
		env    []string
		config attrs
		want   []string
	}{
		"not https": {
			env:  []string{"FLY_API_BASE_URL=http://api.example.com"},
			want: []string{"Unable to Configure Fly Provider", "FLY_API_BASE_URL", "http://api.example.com is not https", "api.base_url"},
		},
		"not https, for the Machines API": {
			env:  []string{"FLY_FLAPS_BASE_URL=http://_api.internal:4280"},
			want: []string{"Unable to Configure Fly Provider", "FLY_FLAPS_BASE_URL", "http://_api.internal:4280 is not https", "api.machines_base_url"},
		},
		"a password in it": {
			env:  []string{"FLY_API_BASE_URL=https://user:pw-of-mine@api.example.com"},
			want: []string{"FLY_API_BASE_URL", "a user name or a password"},
		},
		"the block's": {
			env:    []string{"FLY_API_BASE_URL=http://api.example.com", "FLY_FLAPS_BASE_URL=http://api.example.com"},
			config: attrs{"base_url": s.URL(), "machines_base_url": s.URL()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := flyServed(t, s, append(test.env, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())...)
			config := attrs{}
			if test.config != nil {
				config["api"] = test.config
			}
			w := dial(t, world)
			got := w.configure(config)
			if test.want == nil {
				state, more := w.read(t.Context(), attrs{"app": "web"})
				if got += more; state["origin"] != "api" {
					t.Errorf("got %v:\n%s", state, got)
				}
			}
			if strings.Contains(got, "pw-of-mine") || strings.Contains(got, "ERROR") != (test.want != nil) {
				t.Errorf("got:\n%s", got)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing from:\n%s", want, got)
				}
			}
		})
	}
}

// flyctl uses the provider's addresses, not those of the environment.
func TestAPIAddressesReachFlyctl(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	world, fly := cliWorld(t, fakefly.Behaviour{Online: true})
	world.Variables[1] = "FLY_API_TOKEN=" + s.Login(ownerOfBoth).Reveal()
	state, got := reads(t, world, attrs{"api": attrs{"base_url": s.URL(), "machines_base_url": s.URL() + "/"}}, attrs{"app": "web"})
	calls := fly.Calls()
	if state["origin"] != "cli" || len(calls) != 1 {
		t.Fatalf("got %v after %d calls:\n%s", state, len(calls), got)
	}
	if to := calls[0].Fly; to["FLY_API_BASE_URL"] != s.URL() || to["FLY_FLAPS_BASE_URL"] != s.URL()+"/" || to["FLY_ORG"] != "acme" {
		t.Errorf("flyctl was run with %v", to)
	}
}

// A login that expires soon is narrowed again at each run, with an equal
// result: a plan shows no change.
func TestAccessOfAStaleLogin(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	for _, access := range []string{"readonly", "deploy"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			login := s.Make(flytest.Make{Organization: "acme", TTL: 20 * time.Minute})
			world := flyServed(t, s, "FLY_API_TOKEN="+login.Reveal())
			data := attrs{"app": "web", "access": access}
			first, got := reads(t, world, nil, data)
			if first["origin"] != "env" || !strings.Contains(got, "Fly App Token Is About to Expire") {
				t.Fatalf("got %v:\n%s", first, got)
			}
			if second, _ := reads(t, world, nil, data); !cmp.Equal(second, first) || first["acquired_at"] != nil {
				t.Errorf("the second run differs from the first: %s", cmp.Diff(first, second))
			}
		})
	}
}
