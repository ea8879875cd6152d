package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// buildStandIns builds the providers that replace others, each with its own
// name and folder, once for all tests.
var buildStandIns = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp(os.Getenv("HOME"), "stand-ins-")
	if err != nil {
		return "", err
	}
	for _, name := range []string{"github", "fly"} {
		program := filepath.Join(dir, name, "terraform-provider-"+name)
		if runtime.GOOS == "windows" {
			program += ".exe"
		}
		cmd := exec.Command("go", "build", "-o", program, "github.com/flytokens/terraform-provider-fly/internal/flytest/standin")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	return dir, nil
})

// module is an example with a whole configuration, and the replacements for
// providers and services other than Fly's.
type module struct {
	*process
	fly   *flytest.Server
	login string
	// sent is the folder in which the stand-ins keep the secrets that they
	// receive.
	sent string
}

// complete makes a project of the example's configuration, for a user's login.
func complete(t *testing.T, name string, env ...string) *module {
	t.Helper()
	requires(t)
	s := flytest.New(t, flyWorld())
	login := s.Login(ownerOfBoth)
	m := &module{fly: s, login: login.Reveal(), sent: t.TempDir()}
	m.process = start(t, "", append(append(runner(t, s, login), "STANDIN_DIR="+m.sent), env...)...)
	if err := os.Remove(filepath.Join(m.dir, "main.tf")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(m.dir, os.DirFS(filepath.Join("..", "..", "examples", name))); err != nil {
		t.Fatal(err)
	}
	return m
}

// beside replaces the providers with the given sources by the stand-ins, by the
// folders of buildStandIns.
func (m *module) beside(sources map[string]string) {
	m.t.Helper()
	built, err := buildProvider()
	if err != nil {
		m.t.Fatal(err)
	}
	standIns, err := buildStandIns()
	if err != nil {
		m.t.Fatal(err)
	}
	text := fmt.Sprintf("    %q = %q\n", m.engine.Host()+"/flytokens/fly", built)
	for source, folder := range sources {
		text += fmt.Sprintf("    %q = %q\n", m.engine.Host()+"/"+source, filepath.Join(standIns, folder))
	}
	write(m.t, filepath.Join(m.home, "cli.tfrc"), "provider_installation {\n  dev_overrides {\n"+text+"  }\n  direct {}\n}\n")
}

// got is the last secret that a stand-in received.
func (m *module) got(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.sent, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

// A deploy token reaches GitHub by a write-only argument, and so does the one
// that replaces it, in the apply that makes it. State and plan have neither of them.
func TestAccProcessExampleGitHubActionsSecret(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources, engine.WriteOnlyArguments)
	m := complete(t, "github-actions-secret")
	m.beside(map[string]string{"integrations/github": "github"})
	runs := []outcome{m.run("apply", "-auto-approve")}
	first := m.got("github_actions_secret")
	if !opens(t, m.fly, first, "web") || opens(t, m.fly, first, "worker") {
		t.Error("GitHub has no token of the app, or one of more than the app")
	}
	runs = append(runs, m.quiet(), m.run("apply", "-auto-approve", "-replace=fly_deploy_token.ci"))
	second := m.got("github_actions_secret")
	if second == first || !opens(t, m.fly, second, "web") || opens(t, m.fly, first, "web") {
		t.Error("GitHub does not have the token that replaced the first one")
	}
	runs = append(runs, m.quiet())
	secrets := map[string]string{"login": m.login, "1": first, "2": second}
	silent(t, secrets, runs...)
	if searched := m.search(secrets); searched["terraform.tfstate"] == 0 {
		t.Errorf("searched %v", searched)
	}
}

// Fly's log shipper gets a token that reads every app of the organization, and
// none of a different one.
func TestAccProcessExampleLogShipper(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for flyctl is a shell script")
	}
	flyctl := t.TempDir()
	m := complete(t, "log-shipper", "TF_VAR_organization=acme", "PATH="+flyctl)
	script := "#!/bin/sh\nwhile read -r line; do echo \"$line\"; done > \"$STANDIN_DIR/secrets\"\n"
	if err := os.WriteFile(filepath.Join(flyctl, "fly"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	applied := m.run("apply", "-auto-approve")
	organization, tok, _ := strings.Cut(m.got("secrets"), "\nACCESS_TOKEN=")
	tok = strings.TrimSpace(tok)
	for app, want := range map[string]bool{"web": true, "worker": true, "shop": false} {
		if opens(t, m.fly, tok, app) != want {
			t.Errorf("whether the token opens %s: %v", app, !want)
		}
	}
	if organization != "ORG=acme" {
		t.Errorf("the first line is %q", organization)
	}
	silent(t, map[string]string{"login": m.login, "token": tok}, applied, m.quiet())
	wantTokens(t, m.fly, tokens{minted: 1, good: 1})
}

// A different provider with the name fly gets the ephemeral token of one app in
// its block. It is minted once for plan and apply and not left anywhere.
func TestAccProcessExampleProviderFromEphemeral(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources, engine.WriteOnlyArguments)
	m := complete(t, "provider-from-ephemeral")
	m.beside(map[string]string{"stategraph/fly": "fly"})
	runs := []outcome{m.run("plan", "-out=plan.bin"), m.run("apply", "plan.bin"), m.quiet()}
	tok := m.got("fly_volume")
	if !opens(t, m.fly, tok, "web") || opens(t, m.fly, tok, "worker") {
		t.Error("the provider has no token of the app, or one of more than the app")
	}
	wantTokens(t, m.fly, tokens{minted: 1, good: 1})
	secrets := map[string]string{"login": m.login, "token": tok}
	silent(t, secrets, runs...)
	if searched := m.search(secrets); searched["terraform.tfstate"] == 0 || searched["plan.bin/tfplan"] == 0 {
		t.Errorf("searched %v", searched)
	}
}

// A manual token is returned for its app, and minted tokens for other apps.
func TestAccProcessExampleManualOverride(t *testing.T) {
	t.Parallel()
	requires(t, engine.WriteOnlyArguments)
	m := complete(t, "manual-override")
	own := m.fly.Make(flytest.Make{App: "web"}).Reveal()
	m.env = append(m.env, "TF_VAR_web_token="+own)
	runs := []outcome{m.run("apply", "-auto-approve"), m.quiet()}
	wants(t, m.run("output", "origins").output, `"web" = "manual"`, `"worker" = "api"`)
	silent(t, map[string]string{"login": m.login, "token": own}, runs...)
	wantTokens(t, m.fly, tokens{minted: 1, good: 1})
}

// The example's own tests pass with a mock in place of the provider. They send
// no request to Fly and need no token.
func TestAccProcessExampleManualOverrideMocked(t *testing.T) {
	t.Parallel()
	requires(t, engine.WriteOnlyArguments)
	m := complete(t, "manual-override")
	got := m.run("test")
	wants(t, got.output, "2 passed, 0 failed")
	if all := m.fly.Count(flytest.OpAny); all != 0 {
		t.Errorf("%d requests", all)
	}
}

// A different local name is necessary next to a different provider of the type
// fly. With it, the provider finds its applied resources, and its functions
// work.
func TestAccProcessUnderAnotherName(t *testing.T) {
	t.Parallel()
	m := complete(t, "quickstart")
	m.env = append(m.env, "TF_VAR_app=web", "TF_VAR_token="+m.fly.Make(flytest.Make{App: "web"}).Reveal())
	m.beside(map[string]string{"stategraph/fly": "fly"})
	m.run("apply", "-auto-approve")
	main := filepath.Join(m.dir, "main.tf")
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	renamed := strings.NewReplacer(
		"    fly = {\n", "    fly = { source = \"stategraph/fly\" }\n    flytokens = {\n",
		`provider "fly" {`, `provider "flytokens" {`,
		"\" \"app\" {\n", "\" \"app\" {\n  provider = flytokens\n",
	).Replace(string(text))
	write(t, main, renamed)
	m.unchanged()
	write(t, main, renamed+"\noutput \"kind\" {\n  value = nonsensitive(provider::flytokens::parse_token(var.token)[0].kind)\n}\n")
	m.run("apply", "-auto-approve")
	wants(t, m.run("output", "kind").output, `"permission"`)
}
