package provider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

const kindsModule = `
resource "fly_ssh_token" "ssh" {
  app = "web"
}

resource "fly_machine_exec_token" "exec" {
  app = "web"
  commands = [
    { args = ["bin/migrate", "up"] },
    { args = ["bin/report"], exact = false },
  ]
}

resource "fly_wireguard_token" "wireguard" {
  organization = "acme"
}

resource "fly_organization_token" "readonly" {
  organization = "acme"
}

resource "fly_organization_token" "full" {
  organization = "acme"
  access       = "full"
}

output "headers" {
  value = {
    ssh            = fly_ssh_token.ssh.authorization_header
    "machine-exec" = fly_machine_exec_token.exec.authorization_header
    wireguard      = fly_wireguard_token.wireguard.authorization_header
    readonly       = fly_organization_token.readonly.authorization_header
    organization   = fly_organization_token.full.authorization_header
  }
  sensitive = true
}
`

// TestAccProcessKinds applies a resource of each kind, uses the tokens, rotates
// them by a trigger, and destroys them.
func TestAccProcessKinds(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	p := start(t, kindsModule, runner(t, s, s.Login(ownerOfBoth))...)
	applied := p.run("apply", "-auto-approve")
	wants(t, applied.output, "Fly Token Gives Access to a Whole Organization")
	headers := p.headers()
	for name, k := range kindsOfTokens() {
		if got := attemptsOnFly(s, headers[name]); got != k.can {
			t.Errorf("%s: %s, want %s", name, got, k.can)
		}
	}
	p.unchanged()
	p.configure(strings.NewReplacer(`app = "web"`, "app = \"web\"\n  triggers = { a = \"b\" }", `organization = "acme"`, "organization = \"acme\"\n  triggers = { a = \"b\" }").Replace(kindsModule))
	rotated := p.run("apply", "-auto-approve")
	wants(t, rotated.output, "0 added, 5 changed, 0 destroyed", "Fly SSH Token Is to Be Rotated", "triggers changes")
	for name, header := range p.headers() {
		k := kindsOfTokens()[name]
		if old := headers[name]; old == header || attemptsOnFly(s, header) != k.can || attemptsOnFly(s, old) != k.can {
			t.Errorf("%s: after the rotation, the new token or the previous one is not live", name)
		}
	}
	p.run("destroy", "-auto-approve")
	if left := good(s); len(left) != 0 || len(s.Issued()) != 10 {
		t.Errorf("%d tokens were minted, and %v are live", len(s.Issued()), left)
	}
	silent(t, headers, applied, rotated)
}

// headers reads the output of that name.
func (p *process) headers() map[string]string {
	p.t.Helper()
	var headers map[string]string
	if err := json.Unmarshal([]byte(p.run("output", "-json", "headers").output), &headers); err != nil || len(headers) == 0 {
		p.t.Fatalf("the output has no headers: %v", err)
	}
	return headers
}

// TestAccProcessKindsEphemeral hands an ephemeral token of each kind to a
// provisioner. After the run, all of them are revoked.
func TestAccProcessKindsEphemeral(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources)
	s := flytest.New(t, flyWorld())
	var module strings.Builder
	for _, block := range []string{
		"ephemeral \"fly_ssh_token\" \"t\" {\n  app = \"web\"\n}\n",
		"ephemeral \"fly_machine_exec_token\" \"t\" {\n  app = \"web\"\n  commands = [{ args = [\"ls\"] }]\n}\n",
		"ephemeral \"fly_wireguard_token\" \"t\" {\n  organization = \"acme\"\n}\n",
		"ephemeral \"fly_organization_token\" \"t\" {\n  organization = \"acme\"\n}\n",
	} {
		name := strings.Split(block, "\"")[1]
		module.WriteString(block + "resource \"terraform_data\" \"" + name + "\" {\n  provisioner \"local-exec\" {\n    command = \"echo used\"\n    environment = { TOKEN = ephemeral." + name + ".t.token }\n  }\n}\n")
	}
	p := start(t, module.String(), runner(t, s, s.Login(ownerOfBoth))...)
	p.run("apply", "-auto-approve")
	if left := good(s); len(left) != 0 || s.Count(flytest.OpMint) == 0 {
		t.Errorf("%d tokens were minted, and %v are live", s.Count(flytest.OpMint), left)
	}
}
