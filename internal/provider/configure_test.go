package provider_test

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	if provider.Address != "registry.terraform.io/flytokens/fly" {
		t.Errorf("the address is %s", provider.Address)
	}
}

// An unknown attribute stops only the operations that need it.
func TestUnknownProviderAttributes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config    attrs
		attribute string
		// manual is set if fly_manual_token needs it.
		manual bool
		// spare is a data source that does not need it.
		spare attrs
	}{
		"access_token": {config: attrs{"access_token": unknown{}}, attribute: "access_token"},
		"organization": {config: attrs{"organization": unknown{}}, attribute: "organization", spare: attrs{"app": "web", "organization": "acme"}},
		"refresh":      {config: attrs{"refresh": unknown{}}, attribute: "refresh", spare: attrs{"app": "web", "refresh": "if_expired"}},
		"sources":      {config: attrs{"sources": unknown{}}, attribute: "sources"},
		"a source":     {config: attrs{"sources": []any{"env", unknown{}}}, attribute: "sources"},
		"token_ttl":    {config: attrs{"token_ttl": unknown{}}, attribute: "token_ttl"},
		"min_validity": {config: attrs{"min_validity": unknown{}}, attribute: "min_validity"},
		"config_file":  {config: attrs{"config_file": unknown{}}, attribute: "config_file"},
		"cli":          {config: attrs{"cli": unknown{}}, attribute: "cli"},
		"cli.path":     {config: attrs{"cli": attrs{"path": unknown{}}}, attribute: "cli.path"},
		"cli.timeout":  {config: attrs{"cli": attrs{"timeout": unknown{}}}, attribute: "cli.timeout"},
		"max_parallel": {config: attrs{"cli": attrs{"max_parallel": unknown{}}}, attribute: "cli.max_parallel"},
		"api parallel": {config: attrs{"api": attrs{"max_parallel": unknown{}}}, attribute: "api.max_parallel"},
		"storage":      {config: attrs{"storage": unknown{}}, attribute: "storage", manual: true},
		"storage.path": {config: attrs{"storage": attrs{"path": unknown{}}}, attribute: "storage.path", manual: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dial(t, envWorld(t))
			if got := w.configure(named(test.config)); got != "" {
				t.Fatalf("Configure failed:\n%s", got)
			}
			want := "The provider attribute " + test.attribute + " is not known until apply"
			state, got := w.read(t.Context(), attrs{"app": "web"})
			if !strings.Contains(got, "Unable to Configure Fly Provider") || !strings.Contains(got, want) || state["token"] != nil {
				t.Errorf("the data source was read to %v, and said:\n%s", state, got)
			}
			if test.spare != nil {
				if state, got := w.read(t.Context(), test.spare); state["origin"] != "env" || strings.Contains(got, "ERROR") {
					t.Errorf("the data source does without it, and was read to %v:\n%s", state, got)
				}
			}
			_, got = w.create(attrs{"app": "web", "token": macaroonFor("web")})
			if strings.Contains(got, want) != test.manual || got != "" && !test.manual {
				t.Errorf("fly_manual_token said:\n%s", got)
			}
		})
	}
}

// named returns config with every source named, so that the env source may return a
// login that opens more than the app.
func named(config attrs) attrs {
	all := attrs{"sources": []any{"storage", "config", "cli", "api", "env", "manual"}}
	maps.Copy(all, config)
	return all
}

// envWorld is a world with a login in its environment.
func envWorld(t *testing.T, more ...string) provider.World {
	t.Helper()
	world := scratch(t)
	world.Variables = append([]string{"FLY_API_TOKEN=" + macaroonFor("env")}, more...)
	return world
}

func TestEnvironmentReplacesArguments(t *testing.T) {
	t.Parallel()
	access, api := macaroonFor("access"), macaroonFor("api")
	for name, test := range map[string]struct {
		variables []string
		config    attrs
		want      string
	}{
		"FLY_API_TOKEN":                  {variables: []string{"FLY_API_TOKEN=FlyV1 " + api + "\n"}, want: api},
		"FLY_ACCESS_TOKEN goes first":    {variables: []string{"FLY_ACCESS_TOKEN=" + access, "FLY_API_TOKEN=" + api}, want: access},
		"an empty one is unset":          {variables: []string{"FLY_ACCESS_TOKEN=", "FLY_API_TOKEN=" + api}, want: api},
		"of two settings the last":       {variables: []string{"FLY_API_TOKEN=" + access, "FLY_API_TOKEN=" + api}, want: api},
		"access_token goes before both":  {variables: []string{"FLY_ACCESS_TOKEN=" + access}, config: attrs{"access_token": "Bearer " + api}, want: api},
		"a longer name is another's":     {variables: []string{"FLY_API_TOKEN_2=" + access, "FLY_API_TOKEN=" + api}, want: api},
		"a value may hold an equal sign": {variables: []string{"FLY_API_TOKEN=" + oauthFor("x") + "="}, want: oauthFor("x") + "="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := scratch(t)
			world.Variables = test.variables
			w := dial(t, world)
			if got := w.configure(named(test.config)); got != "" {
				t.Fatal(got)
			}
			state, _ := w.read(t.Context(), attrs{"app": "web"})
			if state["token"] != test.want || state["origin"] != "env" {
				t.Errorf("got %v", state)
			}
		})
	}
}

// FLY_ORG replaces organization, and is ignored if that is set.
func TestBadFlyOrg(t *testing.T) {
	t.Parallel()
	const bad = "Acme Inc."
	for name, test := range map[string]struct {
		org    string
		config attrs
		fails  bool
	}{
		"nothing else set": {org: bad, fails: true},
		"provider's own":   {org: bad, config: attrs{"organization": "acme"}},
		"empty is unset":   {},
		"well-formed":      {org: "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dial(t, envWorld(t, "FLY_ORG="+test.org))
			got := w.configure(named(test.config))
			if !test.fails {
				_, more := w.read(t.Context(), attrs{"app": "web"})
				got += more
			}
			if strings.Contains(got, "environment variable FLY_ORG") != test.fails || got != "" && !test.fails {
				t.Errorf("said:\n%s", got)
			}
		})
	}
}

func TestAbsolute(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ path, home, want string }{
		"home":          {"~/x/y", home, filepath.Join(home, "x", "y")},
		"in the middle": {"x/~/y", home, filepath.Join(here, "x", "~", "y")},
		"relative":      {"x", home, filepath.Join(here, "x")},
		"absolute":      {home, "", home},
		"no home":       {"~/x", "", ""},
		"relative home": {"~/x", "home", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := provider.Absolute(test.path, test.home)
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// A process without a home folder can do everything that does not need one.
func TestNoHome(t *testing.T) {
	t.Parallel()
	world := provider.World{TempDir: t.TempDir(), Variables: []string{"FLY_API_TOKEN=" + macaroonFor("env")}}
	w := dial(t, world)
	if got := w.configure(named(nil)); strings.Count(got, "WARNING") != 1 || !strings.Contains(got, "Storage is off, because the environment variable "+homeVariable()+" is not set") {
		t.Fatal(got)
	}
	if state, got := w.read(t.Context(), attrs{"app": "web"}); state["origin"] != "env" {
		t.Errorf("got %v:\n%s", state, got)
	}
	_, got := w.create(attrs{"app": "web", "token": macaroonFor("web")})
	if !strings.Contains(got, "the environment names no folder for it") || !strings.Contains(got, "storage.path") {
		t.Errorf("fly_manual_token said:\n%s", got)
	}
	w = dial(t, world)
	if got := w.configure(attrs{"storage": attrs{"path": "~/tokens"}}); got != "" {
		t.Fatal(got)
	}
	_, got = w.create(attrs{"app": "web", "token": macaroonFor("web")})
	if !strings.Contains(got, "The provider attribute storage.path is invalid") {
		t.Errorf("fly_manual_token said:\n%s", got)
	}
}

// Each Configure starts a separate run.
func TestConfigureTwice(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	for _, login := range []string{macaroonFor("first"), macaroonFor("second")} {
		if got := w.configure(attrs{"access_token": login, "sources": []any{"env"}}); got != "" {
			t.Fatal(got)
		}
		if state, _ := w.read(t.Context(), attrs{"app": "web"}); state["token"] != login {
			t.Errorf("got %v", state)
		}
	}
}

// A state that no configuration can cause is reported as a bug.
func TestUnconfigured(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	config := attrs{"app": "web", "token": macaroonFor("web")}
	said := map[string]string{}
	_, said["data source"] = w.read(t.Context(), attrs{"app": "web"})
	_, said["create"] = w.create(config)
	_, said["read"] = w.readManual(config)
	_, said["update"] = w.applyManual(config, config, config)
	_, said["delete"] = w.applyManual(config, nil, nil)
	_, said["import"] = w.importManual("web")
	for operation, got := range said {
		if !strings.Contains(got, "ERROR: Unconfigured Provider") {
			t.Errorf("%s: said:\n%s", operation, got)
		}
	}
}

func TestUnexpectedProviderData(t *testing.T) {
	t.Parallel()
	p := provider.NewIn(scratch(t))()
	const want = "got int. This is always a bug in the provider code"
	var dataResp datasource.ConfigureResponse
	as[datasource.DataSourceWithConfigure](t, p.DataSources(t.Context())[0]()).
		Configure(t.Context(), datasource.ConfigureRequest{ProviderData: 1}, &dataResp)
	var resourceResp resource.ConfigureResponse
	as[resource.ResourceWithConfigure](t, p.Resources(t.Context())[0]()).
		Configure(t.Context(), resource.ConfigureRequest{ProviderData: 1}, &resourceResp)
	for _, diags := range []diag.Diagnostics{dataResp.Diagnostics, resourceResp.Diagnostics} {
		if len(diags) != 1 || diags[0].Summary() != "Unexpected Provider Data" || !strings.Contains(diags[0].Detail(), want) {
			t.Errorf("said: %v", diags)
		}
	}
}
