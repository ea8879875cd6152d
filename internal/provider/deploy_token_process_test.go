package provider_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// deployConfig is a fly_deploy_token and a consumer of it.
func deployConfig(arguments string) string {
	return fmt.Sprintf(`
resource "fly_deploy_token" "ci" {
  app  = "web"
  name = "ci"
%s
}

resource "terraform_data" "secret" {
  input = sha256(fly_deploy_token.ci.token) # its output is shown
}

output "deploy" {
  value = {
    token  = fly_deploy_token.ci.token
    id     = fly_deploy_token.ci.token_id
    end    = fly_deploy_token.ci.expires_at
    secret = terraform_data.secret.output
  }
  sensitive = true
}
`, arguments)
}

// deployment is that output.
type deployment struct {
	Token, ID, Secret string
	End               time.Time
}

// deployment reads the output and checks that the consumer has the current
// token.
func (p *process) deployment() deployment {
	p.t.Helper()
	var got deployment
	text := p.run("output", "-json", "deploy").output
	err := json.Unmarshal([]byte(text), &got)
	if sum := sha256.Sum256([]byte(got.Token)); err != nil || got.Token == "" || got.Secret != hex.EncodeToString(sum[:]) {
		p.t.Fatalf("the consumer's token is another, or there is none: %v", err)
	}
	return got
}

// An engine creates, plans no change, applies a saved plan as shown, rotates in
// place and updates the consumer in the same apply, detects a revocation, and
// destroys.
func TestAccProcessDeployToken(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	login := s.Login(ownerOfBoth)
	p := start(t, deployConfig(`ttl = "120s"
  rotate_before = "1s"`), runner(t, s, login)...)
	runs := []outcome{p.run("apply", "-auto-approve")}
	first := p.deployment()
	runs = append(runs, p.quiet())
	wantTokens(t, s, tokens{minted: 1, good: 1})

	// With it, the token is due from its first second.
	sooner := `ttl = "120s"
  rotate_before = "119999ms"`
	p.configure(deployConfig(sooner))
	runs = append(runs, p.run("plan", "-out=saved"))
	runs = append(runs, p.run("apply", "saved"))
	if got := p.deployment(); got != first || strings.Contains(runs[2].output, "to Be Rotated") {
		t.Errorf("the saved plan rotated:\n%s", runs[3].output)
	}
	wantTokens(t, s, tokens{minted: 1, good: 1})

	rotated := p.run("apply", "-auto-approve")
	wants(t, rotated.output, "Warning: Fly Deploy Token Is to Be Rotated", "fly_deploy_token.ci will be updated in-place", "0 to add, 2 to change, 0 to destroy")
	second := p.deployment()
	if second.Token == first.Token || !opens(t, s, first.Token, "web") || !opens(t, s, second.Token, "web") {
		t.Error("the token was not rotated, or the one before it is no longer good")
	}
	wantTokens(t, s, tokens{minted: 2, good: 2})

	p.configure(deployConfig(`triggers = { why = "because" }`))
	runs = append(runs, rotated, p.run("apply", "-auto-approve"))
	third := p.deployment()
	if third.Token == second.Token || opens(t, s, first.Token, "web") {
		t.Error("the triggers did not rotate the token, or the first one is still good")
	}
	wantTokens(t, s, tokens{minted: 3, revoked: 1, good: 2})
	s.Revoke(parsed(t, third.Token))
	again := p.run("apply", "-auto-approve")
	wants(t, again.output, "Warning: Fly Deploy Token Was Revoked", second.ID, "fly_deploy_token.ci will be created")
	fourth := p.deployment()
	runs = append(runs, again, p.quiet(), p.run("destroy", "-auto-approve"))
	if names := good(s); len(names) != 1 || opens(t, s, fourth.Token, "web") {
		t.Errorf("%v are live, want only the unmanaged one", names)
	}
	silent(t, map[string]string{
		"login": login.Reveal(), "1": first.Token, "2": second.Token, "3": third.Token, "4": fourth.Token,
	}, runs...)
}

// With an overlap, a rotation leaves the replaced token valid, a plan revokes
// nothing, and the next apply revokes the token. The consumer's token is always
// valid.
func TestAccProcessDeployTokenOverlap(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	p := start(t, deployConfig(`overlap = "0s"`), runner(t, s, s.Login(ownerOfBoth))...)
	p.run("apply", "-auto-approve")
	first := p.deployment()
	p.configure(deployConfig(`overlap = "0s"
  triggers = { n = "2" }`))
	rotated := p.run("apply", "-auto-approve")
	wants(t, rotated.output, "Warning: Fly Deploy Token Is to Be Rotated")
	second := p.deployment()
	planned := p.run("plan")
	wants(t, planned.output, "Warning: Replaced Fly Deploy Token Is to Be Revoked", first.ID, "0 to add, 1 to change, 0 to destroy")
	if !opens(t, s, first.Token, "web") {
		t.Error("a plan revoked the replaced token")
	}
	revoked := p.run("apply", "-auto-approve")
	if opens(t, s, first.Token, "web") || !opens(t, s, second.Token, "web") || p.deployment() != second {
		t.Errorf("the replaced token is valid, or its successor changed:\n%s", revoked.output)
	}
	wantTokens(t, s, tokens{minted: 2, revoked: 1, good: 1})
	p.quiet()
	silent(t, map[string]string{"1": first.Token, "2": second.Token}, rotated, planned, revoked)
}

// The example applies as it is printed in the documentation, and changes nothing
// when it is planned again.
func TestAccProcessDeployTokenExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "resources", "fly_deploy_token", "resource.tf"))
	if err != nil {
		t.Fatal(err)
	}
	s := flytest.New(t, flyWorld())
	p := start(t, string(text), runner(t, s, s.Login(ownerOfBoth))...)
	p.run("apply", "-auto-approve")
	p.quiet()
	wantTokens(t, s, tokens{minted: 1, good: 1})
}
