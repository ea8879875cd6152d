package provider_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// The guide about adoption: its output imports each token that was minted elsewhere, the
// generated configuration applies twice, and the check then reports none. No name of a
// token adds lines to the output.
func TestAccProcessAdoptGuide(t *testing.T) {
	t.Parallel()
	requires(t, engine.Baseline)
	var blocks []string
	for _, b := range docsBlocks(t) {
		if b.page == "docs/guides/adopt.md" {
			blocks = append(blocks, b.text)
		}
	}
	s := flytest.New(t, flyWorld())
	s.Make(flytest.Make{App: "web", Name: "flyctl deploy token"})
	s.Make(flytest.Make{App: "web", Name: "ci"})
	s.Make(flytest.Make{App: "worker", Name: "two\nlines"})
	s.Make(flytest.Make{App: "worker", Name: "expired", TTL: -1})
	s.Make(flytest.Make{Organization: "acme", Name: "of the organization"})
	find, check := blocks[0], blocks[len(blocks)-1]
	p := start(t, check, runner(t, s, s.Login(ownerOfBoth))...)
	wants(t, p.run("apply", "-auto-approve").output, "Check block assertion failed", "flyctl deploy token (lat_0001, tester@example.com)")
	p.configure(find)
	p.run("apply", "-auto-approve")
	imports := p.run("output", "-raw", "imports").output
	if n := strings.Count(imports, "import {"); n != 3 || strings.Contains(imports, "\nlines") {
		t.Fatalf("the output has %d blocks:\n%s", n, imports)
	}
	write(t, filepath.Join(p.dir, "imports.tf"), imports)
	p.configure("")
	planned := p.run("plan", "-generate-config-out=adopted.tf")
	wants(t, planned.output, "fly_deploy_token.adopted_web_0 will be updated in-place", "Plan: 3 to import, 0 to add, 3 to change, 0 to destroy")
	wants(t, p.run("apply", "-auto-approve").output, "3 imported, 0 added, 3 changed")
	wantTokens(t, s, tokens{minted: 3, good: 3})
	wants(t, p.run("apply", "-auto-approve").output, "Replaced Fly Deploy Token Is to Be Revoked")
	wantTokens(t, s, tokens{minted: 3, revoked: 3, good: 3})
	p.configure(check)
	if got := p.run("apply", "-auto-approve").output; strings.Contains(got, "Check block assertion failed") {
		t.Errorf("every token is adopted, and the check reports:\n%s", got)
	}
}
