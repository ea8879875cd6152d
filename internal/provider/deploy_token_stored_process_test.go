package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// storedConfig is a fly_deploy_token that no state holds, and two consumers of it.
func storedConfig(arguments string) string {
	return fmt.Sprintf(`
resource "fly_deploy_token" "ci" {
  app            = "web"
  name           = "ci"
  token_in_state = false
%s
}

ephemeral "fly_deploy_token" "ci" {
  app         = fly_deploy_token.ci.app
  name        = fly_deploy_token.ci.name
  fingerprint = fly_deploy_token.ci.fingerprint
}

locals {
  version = parseint(substr(fly_deploy_token.ci.fingerprint, 0, 7), 16)
}

resource "fly_manual_token" "worker" {
  app              = "worker"
  token_wo         = ephemeral.fly_deploy_token.ci.token
  token_wo_version = local.version
}

resource "github_actions_secret" "fly" {
  repository                 = "web"
  secret_name                = "FLY_API_TOKEN"
  plaintext_value_wo         = ephemeral.fly_deploy_token.ci.token
  plaintext_value_wo_version = local.version
}

output "id" {
  value = fly_deploy_token.ci.token_id
}
`, arguments)
}

// requiringGitHub declares the stand-in for GitHub's provider.
const requiringGitHub = `terraform {
  required_providers {
    fly    = { source = "flytokens/fly" }
    github = { source = "integrations/github" }
  }
}
`

// storedModule is a project of [storedConfig] at a location.
func storedModule(t *testing.T, l location) *module {
	t.Helper()
	requires(t, engine.EphemeralResources, engine.WriteOnlyArguments)
	s := flytest.New(t, flyWorld())
	login := s.Login(ownerOfBoth)
	m := &module{fly: s, login: login.Reveal(), sent: t.TempDir()}
	m.process = start(t, "", append(append(runner(t, s, login), "STANDIN_DIR="+m.sent), l.env...)...)
	m.beside(map[string]string{"integrations/github": "github"})
	if l.storage != "" {
		m.storage = l.storage
	}
	return m
}

// sets replaces the configuration by that of [storedConfig].
func (m *module) sets(l location, arguments string) {
	m.t.Helper()
	write(m.t, filepath.Join(m.dir, "main.tf"), requiringGitHub+l.configuration(storedConfig(arguments)))
}

// reads plans a different configuration without a login, which reads the token from
// the storage of m.
func (m *module) reads(l location) outcome {
	m.t.Helper()
	other := start(m.t, l.configuration("ephemeral \"fly_deploy_token\" \"ci\" {\n  app  = \"web\"\n  name = \"ci\"\n}\n"), append(at(m.fly), l.env...)...)
	other.storage = m.storage
	return other.try("plan")
}

// A token that no state holds reaches its consumers in the apply that mints it and
// in each that rotates it, a different configuration reads it, a revocation is
// found, and destroy removes it. Neither state nor plan ever holds it.
func TestAccProcessDeployTokenStored(t *testing.T) {
	t.Parallel()
	for place, open := range locations() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			l := open(t)
			m := storedModule(t, l)
			m.sets(l, "")
			runs := []outcome{m.run("plan", "-out=one.bin"), m.run("apply", "one.bin"), m.quiet()}
			first := m.got("github_actions_secret")
			if !opens(t, m.fly, first, "web") || opens(t, m.fly, first, "worker") {
				t.Error("the consumer has no token of the app, or one of more than the app")
			}
			m.sets(l, `  triggers = { n = "2" }`)
			rotated := m.run("plan", "-out=two.bin")
			wants(t, rotated.output, "Warning: Fly Deploy Token Is to Be Rotated", "0 to add, 3 to change, 0 to destroy")
			runs = append(runs, rotated, m.run("apply", "two.bin"), m.quiet())
			second := m.got("github_actions_secret")
			if second == first || !opens(t, m.fly, first, "web") || !opens(t, m.fly, second, "web") {
				t.Error("the token was not rotated, or the one before it is no longer valid")
			}
			if got := m.reads(l); got.failed {
				t.Errorf("a different configuration says:\n%s", got.output)
			}
			m.fly.Revoke(parsed(t, second))
			again := m.run("apply", "-auto-approve")
			wants(t, again.output, "Warning: Fly Deploy Token Was Revoked", "fly_deploy_token.ci will be created")
			third := m.got("github_actions_secret")
			runs = append(runs, again, m.quiet())
			secrets := map[string]string{"login": m.login, "1": first, "2": second, "3": third}
			if searched := m.search(secrets); searched["terraform.tfstate"] == 0 || searched["two.bin/tfplan"] == 0 {
				t.Errorf("searched %v", searched)
			}
			runs = append(runs, m.run("destroy", "-auto-approve"))
			if opens(t, m.fly, third, "web") {
				t.Error("the destroyed token is still valid")
			}
			gone := m.reads(l)
			if wants(t, gone.output, "Unable to Read Fly Deploy Token", "token_in_state = false"); !gone.failed {
				t.Error("storage still holds the destroyed token")
			}
			silent(t, secrets, append(runs, gone)...)
		})
	}
}

// If storage is lost, the next plan replaces the token, and its apply passes the new
// one to the consumers.
func TestAccProcessDeployTokenStoredLost(t *testing.T) {
	t.Parallel()
	m := storedModule(t, location{})
	m.sets(location{}, "")
	m.run("apply", "-auto-approve")
	first, id := m.got("github_actions_secret"), strings.TrimSpace(m.run("output", "-raw", "id").output)
	m.storage = t.TempDir()
	applied := m.run("apply", "-auto-approve")
	wants(t, strings.Join(strings.Fields(applied.output), " "), "in place of "+id, "does not hold it")
	second := m.got("github_actions_secret")
	if second == first || !opens(t, m.fly, second, "web") {
		t.Error("the consumer does not have a new token")
	}
	silent(t, map[string]string{"1": first, "2": second}, applied, m.quiet())
	wantTokens(t, m.fly, tokens{minted: 2, good: 2})
}

// An ephemeral resource without a fingerprint is opened by Terraform before its
// resource is created. The error says what to set. OpenTofu waits for the apply.
func TestAccProcessDeployTokenStoredEarly(t *testing.T) {
	t.Parallel()
	m := storedModule(t, location{})
	m.sets(location{}, "")
	main := filepath.Join(m.dir, "main.tf")
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	write(t, main, strings.Replace(string(text), "  fingerprint = fly_deploy_token.ci.fingerprint\n", "", 1))
	got := m.try("apply", "-auto-approve")
	if m.engine.Kind == engine.OpenTofu {
		if got.failed {
			t.Errorf("the apply says:\n%s", got.output)
		}
		return
	}
	wants(t, strings.Join(strings.Fields(got.output), " "), "Unable to Read Fly Deploy Token", "set the argument fingerprint to the resource's fingerprint")
	wantTokens(t, m.fly, tokens{})
}
