package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// The guide about a leak, on an engine without actions: its output names every live
// token of the provider, which are revoked then; the next apply has new ones, and the
// guide's check reports a token that was left.
func TestAccProcessLeakGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(filepath.Join("..", "..", "templates", "guides", "leak.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```terraform\n(.*?)```").FindAllSubmatch(guide, -1)
	if len(blocks) != 2 {
		t.Fatalf("the guide has %d blocks, want the command and the check", len(blocks))
	}
	s := flytest.New(t, flyWorld())
	p := start(t, `
resource "fly_deploy_token" "ci" {
  app  = "web"
  name = "ci"
}

data "fly_app_token" "web" {
  app = "web"
}

output "used" {
  value = [fly_deploy_token.ci.fingerprint, data.fly_app_token.web.fingerprint]
}
`, runner(t, s, s.Login(ownerOfBoth))...)
	p.run("apply", "-auto-approve")
	used := p.run("output", "-json", "used").output
	s.Make(flytest.Make{App: "web", Name: "made by hand"})
	write(t, filepath.Join(p.dir, "leak.tf"), string(blocks[0][1]))
	p.run("apply", "-auto-approve")
	command := strings.Fields(p.run("output", "-raw", "revoke").output)
	if len(command) != 5 || strings.Join(command[:3], " ") != "fly tokens revoke" {
		t.Fatalf("the command is %q", command)
	}
	fly, err := flyapi.New(flyapi.Config{BaseURL: s.URL(), MachinesBaseURL: s.URL(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range command[3:] {
		if err := fly.Revoke(t.Context(), s.Login(ownerOfBoth), id); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(p.dir, "leak.tf"), strings.Replace(string(blocks[1][1]), "2026-11-26T12:00:00Z", "2100-01-01T00:00:00Z", 1))
	got := p.run("apply", "-auto-approve").output
	wants(t, got, "Check block assertion failed", "made by hand (lat_0003, tester@example.com)")
	if again := p.run("output", "-json", "used").output; again == used || len(good(s)) != 2 {
		t.Errorf("%q are live, and %s are used", good(s), again)
	}
	write(t, filepath.Join(p.dir, "leak.tf"), strings.Replace(string(blocks[1][1]), "2026-11-26T12:00:00Z", "2020-01-01T00:00:00Z", 1))
	p.quiet()
}
