package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// fromConfig reads web's token only from config.yml.
func fromConfig(t *testing.T, world provider.World, config attrs) (attrs, string) {
	t.Helper()
	w := dial(t, world)
	block := attrs{"sources": []any{"config"}}
	for attribute, v := range config {
		block[attribute] = v
	}
	if got := w.configure(block); got != "" {
		t.Fatal(got)
	}
	return w.read(t.Context(), attrs{"app": "web"})
}

// The location of config.yml.
func TestConfigFilePlaces(t *testing.T) {
	t.Parallel()
	elsewhere := t.TempDir()
	for name, test := range map[string]struct {
		at     func(provider.World) string
		env    []string
		config attrs
	}{
		"flyctl's own":   {at: func(w provider.World) string { return filepath.Join(w.Home, ".fly", "config.yml") }},
		"FLY_CONFIG_DIR": {at: func(provider.World) string { return filepath.Join(elsewhere, "a", "config.yml") }, env: []string{"FLY_CONFIG_DIR=" + filepath.Join(elsewhere, "a")}},
		"config_file": {
			at:  func(w provider.World) string { return filepath.Join(w.Home, "fly.yml") },
			env: []string{"FLY_CONFIG_DIR=" + filepath.Join(elsewhere, "b")}, config: attrs{"config_file": "~/fly.yml"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := scratch(t)
			world.Variables = test.env
			write(t, test.at(world), "access_token: "+macaroonFor("file")+"\n")
			if state, got := fromConfig(t, world, test.config); state["token"] != macaroonFor("file") || state["origin"] != "config" || got != "" {
				t.Errorf("got %v:\n%s", state, got)
			}
		})
	}
	world := scratch(t)
	world.Variables = []string{"FLY_CONFIG_DIR="}
	if state, got := fromConfig(t, world, nil); state["token"] != nil || !strings.Contains(got, "FLY_CONFIG_DIR is set but empty") {
		t.Errorf("got %v:\n%s", state, got)
	}
}

// The content of config.yml, and the result of each.
func TestConfigFileContents(t *testing.T) {
	t.Parallel()
	tok := macaroonFor("file")
	const head = "last_login: 2020-01-01T00:00:00Z\n"
	for name, test := range map[string]struct {
		content string
		want    string // the token, or a part of the message
	}{
		"plain":      {head + "access_token: " + tok + "\n", tok},
		"CRLF":       {strings.ReplaceAll(head, "\n", "\r\n") + "access_token: " + tok + "\r\n", tok},
		"quoted":     {"access_token: \"FlyV1 " + tok + "\"\n", tok},
		"folded":     {"access_token: >-\n  " + tok[:40] + "\n  " + tok[40:] + "\n" + head, tok},
		"with oauth": {"access_token: " + tok + "," + oauthFor("user") + "\n", tok},
		"empty file": {"", "config.yml is empty"},
		"logged out": {head + "access_token: \"\"\n", "fly auth login"},
		"malformed":  {head + "access_token: [" + tok + "\n", "is malformed near line"},
		"no token":   {"access_token: hunter2\n", "part 1 of 1"},
		"50 MB":      {"access_token: " + tok + "\n#" + strings.Repeat(" ", 50<<20), "config.yml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := scratch(t)
			write(t, filepath.Join(world.Home, ".fly", "config.yml"), test.content)
			state, got := fromConfig(t, world, nil)
			if test.want == tok && (state["token"] != tok || got != "") || test.want != tok && !strings.Contains(got, test.want) {
				t.Errorf("got %v:\n%s", state, got)
			}
			if leak(got, tok) != "" {
				t.Errorf("a part of the token is in:\n%s", got)
			}
		})
	}
}

func TestConfigFileIsAFolder(t *testing.T) {
	t.Parallel()
	world := scratch(t)
	if err := os.MkdirAll(filepath.Join(world.Home, ".fly", "config.yml"), 0o700); err != nil {
		t.Fatal(err)
	}
	if state, got := fromConfig(t, world, nil); state["token"] != nil || !strings.Contains(got, "folder") {
		t.Errorf("got %v:\n%s", state, got)
	}
}

// The login of an OAuth user is returned with a warning, once.
func TestOAuthLoginWarns(t *testing.T) {
	t.Parallel()
	world := scratch(t)
	write(t, filepath.Join(world.Home, ".fly", "config.yml"), "access_token: "+oauthFor("user")+"\n")
	state, got := fromConfig(t, world, nil)
	if state["authorization_header"] != "Bearer "+oauthFor("user") || !strings.HasPrefix(got, "WARNING: ") || !strings.Contains(got, "fo1_") {
		t.Errorf("got %v:\n%s", state, got)
	}
}
