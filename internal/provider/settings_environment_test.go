package provider_test

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// homeVariable names the variable that the default storage folder depends on.
func homeVariable() string {
	if runtime.GOOS == "windows" {
		return "AppData"
	}
	return "HOME"
}

// A variable that replaces an argument is checked like the argument, and one
// error of the run names it.
func TestVariablesAreValidated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		variable, value string
		want            []string
		// config sets the argument, which makes the variable irrelevant.
		config attrs
	}{
		"storage of another user": {
			"FLY_TOKEN_STORAGE", "~root/x",
			[]string{"environment variable FLY_TOKEN_STORAGE, which replaces the provider argument storage.path, is invalid", "Only a leading ~/ is expanded"},
			attrs{"storage": attrs{"path": t.TempDir()}},
		},
		"blank storage": {
			"FLY_TOKEN_STORAGE", " ",
			[]string{"FLY_TOKEN_STORAGE", "The path is empty"},
			attrs{"storage": attrs{"path": t.TempDir()}},
		},
		"organization": {
			"FLY_ORG", "Acme Inc.",
			[]string{"environment variable FLY_ORG, which replaces the provider argument organization", "cannot be the slug"},
			attrs{"organization": "acme"},
		},
		"GraphQL endpoint": {
			"FLY_API_BASE_URL", "https://api.fly.io/graphql",
			[]string{"environment variable FLY_API_BASE_URL, which replaces the provider argument api.base_url", "ends in /graphql"},
			attrs{"api": attrs{"base_url": "http://127.0.0.1:1"}},
		},
		"Machines endpoint": {
			"FLY_FLAPS_BASE_URL", "https://api.machines.dev/v1/",
			[]string{"environment variable FLY_FLAPS_BASE_URL, which replaces the provider argument api.machines_base_url", "ends in /v1"},
			attrs{"api": attrs{"machines_base_url": "http://127.0.0.1:1"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := envWorld(t, test.variable+"="+test.value)
			got := dial(t, world).configure(named(nil))
			for _, want := range append(test.want, "ERROR: Unable to Configure Fly Provider", "Correct "+test.variable+", unset it, or set ") {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing from:\n%s", want, got)
				}
			}
			w := dial(t, world)
			if got := w.configure(named(test.config)); got != "" {
				t.Fatal(got)
			}
			if state, got := w.read(t.Context(), attrs{"app": "web"}); state["origin"] != "env" {
				t.Errorf("with the argument set: %v\n%s", state, got)
			}
		})
	}
}

// An invalid value in the environment or the block causes one warning that
// names the setting and never its secrets.
func TestConfigureWarns(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	missing := filepath.Join(empty, "missing")
	for name, test := range map[string]struct {
		variables []string
		config    attrs
		want      string
	}{
		"nothing":                        {},
		"proxy without a colon":          {variables: []string{"HTTPS_PROXY=http//me:pw-of-mine@proxy:3128"}, want: "environment variable HTTPS_PROXY is not the address of a proxy"},
		"proxy with a port that is none": {variables: []string{"https_proxy=http://me:pw-of-mine@proxy:port"}, want: "environment variable https_proxy is not"},
		"proxy without a host":           {variables: []string{"HTTPS_PROXY=http://:3128"}, want: "HTTPS_PROXY"},
		"proxy of an unknown kind":       {variables: []string{"HTTPS_PROXY=ftp://proxy:3128"}, want: "HTTPS_PROXY"},
		"proxy":                          {variables: []string{"HTTPS_PROXY=http://me:pw-of-mine@proxy:3128/"}},
		"proxy by host and port":         {variables: []string{"HTTPS_PROXY=proxy:3128"}},
		"SOCKS proxy":                    {variables: []string{"HTTPS_PROXY=socks5://127.0.0.1:1080"}},
		"login that is no token":         {variables: []string{"FLY_API_TOKEN=pw-of-mine"}, want: "environment variable FLY_API_TOKEN is not a Fly token"},
		"login that goes first":          {variables: []string{"FLY_ACCESS_TOKEN=pw-of-mine"}, want: "FLY_ACCESS_TOKEN"},
		"login that is not used":         {variables: []string{"FLY_ACCESS_TOKEN=pw-of-mine"}, config: attrs{"access_token": macaroonFor("block")}},
		"empty login":                    {variables: []string{"FLY_API_TOKEN="}},
		"config_file":                    {config: attrs{"config_file": missing}, want: "argument config_file names a file that does not exist: " + missing},
		"cli.path":                       {config: attrs{"cli": attrs{"path": missing}}, want: "argument cli.path names a program that cannot be run: not found: " + missing},
		"cli.path, a name":               {variables: []string{"PATH=" + empty}, config: attrs{"cli": attrs{"path": "missing"}}, want: "argument cli.path names a program that cannot be run: no `missing` on PATH"},
		"cli.path, a folder":             {config: attrs{"cli": attrs{"path": empty}}, want: "argument cli.path names a program that cannot be run: " + empty + " is a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := dial(t, envWorld(t, test.variables...)).configure(test.config)
			if strings.Contains(got, "pw-of-mine") || strings.Contains(got, "ERROR") {
				t.Fatal(got)
			}
			warned := strings.Count(got, "WARNING: Unable to ")
			if !strings.Contains(got, test.want) || warned > 1 || (warned == 1) != (test.want != "") {
				t.Errorf("%d warnings, want %q:\n%s", warned, test.want, got)
			}
		})
	}
}

// A folder for storage that depends on the working directory is refused.
func TestRelativeHome(t *testing.T) {
	t.Parallel()
	world := provider.World{Home: "home", ConfigDir: filepath.Join("home", ".config"), TempDir: t.TempDir()}
	world.Variables = []string{homeVariable() + "=home", "FLY_API_TOKEN=" + macaroonFor("env")}
	w := dial(t, world)
	if got := w.configure(nil); strings.Count(got, "WARNING") != 1 || !strings.Contains(got, "because the environment variable "+homeVariable()+" is not an absolute path") {
		t.Error(got)
	}
	if _, got := w.create(attrs{"app": "web", "token": macaroonFor("web")}); !strings.Contains(got, "storage.path in the provider block, or the environment variable FLY_TOKEN_STORAGE") {
		t.Error(got)
	}
}

// A configuration that does not use storage gets no warning about missing
// storage.
func TestNoStorageAndNoneWanted(t *testing.T) {
	t.Parallel()
	w := dial(t, provider.World{TempDir: t.TempDir()})
	if got := w.configure(attrs{"sources": []any{"env"}}); got != "" {
		t.Error(got)
	}
}
