package provider_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

const everything = `
variable "manual" { sensitive = true }

variable "login" { sensitive = true }

provider "fly" {
  access_token = var.login
  sources      = ["storage", "config", "env"]
}

provider "fly" {
  alias   = "manual"
  sources = ["manual"]
}

resource "fly_manual_token" "web" {
  app   = "web"
  token = var.manual
}

data "fly_app_token" "web" {
  app        = fly_manual_token.web.app
  provider   = fly.manual
  depends_on = [fly_manual_token.web]
}

data "fly_app_token" "login" {
  app = "login"
}

output "all" {
  sensitive = true
  value     = [data.fly_app_token.web, data.fly_app_token.login]
}
`

// Byte by byte: no token reaches the output or the log of any operation, at any
// level. Only state and storage contain them.
func TestAccProcessNoTokenIsPrinted(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"manual": macaroonFor("manual"), "login": oauthFor("login"), "next": macaroonFor("next"),
		"file": macaroonFor("file"), "cut": macaroonFor("cut")[:61],
	}
	vars := func(manual, login string) []string {
		return []string{"TF_VAR_manual=" + secrets[manual], "TF_VAR_login=" + secrets[login]}
	}
	p := start(t, everything)
	steps := []struct {
		name  string
		args  []string
		env   []string
		fails bool
	}{
		{name: "validate", args: []string{"validate"}, env: vars("manual", "login")},
		{name: "plan", args: []string{"plan"}, env: vars("manual", "login")},
		{name: "apply", args: []string{"apply", "-auto-approve"}, env: vars("manual", "login")},
		{name: "no changes", args: []string{"plan", "-detailed-exitcode"}, env: vars("manual", "login")},
		{name: "refresh", args: []string{"apply", "-refresh-only", "-auto-approve"}, env: vars("manual", "login")},
		{name: "update", args: []string{"apply", "-auto-approve"}, env: vars("next", "login")},
		{name: "show", args: []string{"show"}, env: vars("next", "login")},
		{name: "malformed", args: []string{"plan"}, env: vars("cut", "login"), fails: true},
		{name: "malformed login", args: []string{"plan"}, env: vars("next", "cut"), fails: true},
		{name: "forget", args: []string{"state", "rm", "fly_manual_token.web"}, env: vars("next", "login")},
		{name: "refused", args: []string{"apply", "-auto-approve"}, env: vars("manual", "login"), fails: true},
		{name: "import", args: []string{"import", "fly_manual_token.web", "web"}, env: vars("next", "login")},
		{name: "adopt", args: []string{"apply", "-auto-approve"}, env: vars("next", "login")},
		{name: "destroy", args: []string{"destroy", "-auto-approve"}, env: vars("next", "login")},
	}
	write(t, filepath.Join(p.home, ".fly", "config.yml"), "access_token: 'x "+secrets["file"]+"'\n")
	for _, step := range steps {
		p.env = step.env
		got := p.try(step.args...)
		if got.failed != step.fails {
			t.Fatalf("%s: failed is %v:\n%s", step.name, got.failed, got.output)
		}
		if step.name == "apply" {
			mustHold(t, p, secrets["manual"])
		}
		for name, secret := range secrets {
			if at := leak(got.output, secret); at != "" {
				t.Errorf("%s prints a part of %s: …%s…", step.name, name, at)
			}
			if at := leak(got.trace, secret); at != "" {
				t.Errorf("%s logs a part of %s: …%s…", step.name, name, at)
			}
		}
		if step.name == "apply" && !strings.Contains(got.trace, fingerprintOf(secrets["manual"])) {
			t.Error("the log does not name the token by its fingerprint: is it the one that is searched?")
		}
	}
}

// The same for what flyctl mints, and for a login that it prints when it fails.
func TestAccProcessNoMintedTokenIsPrinted(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	p := start(t, readWeb(""), flyEnv(fly)...)
	runs := []outcome{p.run("plan"), p.run("apply", "-auto-approve"), p.run("plan")}
	state := p.run("output", "-json", "web").output
	var web struct{ Token, Fingerprint string }
	if err := json.Unmarshal([]byte(state), &web); err != nil || web.Token == "" {
		t.Fatalf("%v: %s", err, state)
	}
	if !strings.Contains(runs[0].trace, web.Fingerprint) {
		t.Error("the log does not name the token by its fingerprint")
	}
	fly.Set(fakefly.Fail(1, "Error: cannot use "+macaroonFor("login")+" nor FlyV1 "+web.Token))
	p.configure(readWeb("refresh = \"always\"\nsources = [\"storage\", \"cli\"]"))
	failed := p.try("plan")
	if !failed.failed || !strings.Contains(failed.output, "cannot use") {
		t.Errorf("the plan says:\n%s", failed.output)
	}
	runs = append(runs, failed, p.run("destroy", "-auto-approve", "-refresh=false"))
	for i, run := range runs {
		for _, secret := range []string{web.Token, macaroonFor("login")} {
			if at := leak(run.output+run.trace, secret); at != "" {
				t.Errorf("run %d shows a part of a token: …%s…", i, at)
			}
		}
	}
}

// leak returns the text around the first part of secret, longer than its
// prefix, that text contains.
func leak(text, secret string) string {
	const window = 8
	for i := len("fm2_"); i+window <= len(secret); i++ {
		if at := strings.Index(text, secret[i:i+window]); at >= 0 {
			return text[max(0, at-120):min(len(text), at+120)]
		}
	}
	return ""
}

// mustHold checks that the search can find the token: the state and storage
// contain it.
func mustHold(t *testing.T, p *process, secret string) {
	t.Helper()
	for _, name := range []string{
		filepath.Join(p.dir, "terraform.tfstate"),
		filepath.Join(p.storage, "apps", "app-web", "manual.json"),
	} {
		data, err := os.ReadFile(name)
		if err != nil || leak(string(data), secret) == "" {
			t.Errorf("%s does not hold the token: %v", name, err)
		}
	}
}
