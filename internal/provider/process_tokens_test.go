package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// A plan over 1,200 tokens, half of them revoked, asks for each page once, reports
// its progress in the log, and changes nothing when it is repeated.
func TestAccProcessTokensMany(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	p := start(t, `
data "fly_tokens" "acme" {
  organization = "acme"
}

output "counts" {
  value = [length(data.fly_tokens.acme.tokens), length(distinct(data.fly_tokens.acme.tokens[*].id))]
}
`, runner(t, s, s.Login(ownerOfBoth))...)
	secrets := make(map[string]string)
	for n := range 1200 {
		tok := s.Make(flytest.Make{App: "web", TTL: time.Hour})
		secrets[fmt.Sprint(n)] = tok.Reveal()
		if n%2 == 0 {
			s.Revoke(tok)
		}
	}
	plan := p.run("plan", "-out=plan")
	if pages := s.Count(flytest.OpList); pages != 12 || s.Count(flytest.OpAny) != pages {
		t.Errorf("%d requests, %d of them for pages; want 12 pages alone", s.Count(flytest.OpAny), pages)
	}
	progress := 0
	for line := range strings.SplitSeq(plan.trace, "\n") {
		if strings.Contains(line, "[INFO]") && strings.Contains(line, "listing Fly tokens") {
			progress++
			wants(t, line, fmt.Sprintf("fly.tokens.pages=%d ", progress), fmt.Sprintf("fly.tokens.listed=%d ", 100*progress), "fly.tokens.total=1200 ")
		}
	}
	if progress != 12 {
		t.Errorf("the log has %d lines of progress, want one for each page", progress)
	}
	apply := p.run("apply", "plan")
	var counts []int
	if text := p.run("output", "-json", "counts").output; json.Unmarshal([]byte(text), &counts) != nil || len(counts) != 2 || counts[0] != 600 || counts[1] != 600 {
		t.Errorf("the tokens and their identifiers count %s", text)
	}
	silent(t, secrets, plan, apply, p.unchanged())
}

// The example's checks report the token that lives for twenty years and the one that
// ends soon, and nothing where there is none.
func TestAccProcessTokensChecks(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	p := start(t, snippets(t, "data-sources/fly_tokens/data-source.tf"), runner(t, s, s.Login(ownerOfBoth))...)
	s.Make(flytest.Make{App: "web", Name: "a month", TTL: 30 * 24 * time.Hour})
	if got := p.run("apply", "-auto-approve").output; strings.Contains(got, "Check block assertion failed") {
		t.Errorf("one token of a month, and the checks report:\n%s", got)
	}
	s.Make(flytest.Make{App: "web", Name: "forever"})
	s.Make(flytest.Make{Organization: "acme", Name: "ends soon", TTL: 24 * time.Hour})
	got := p.run("apply", "-auto-approve").output
	wants(t, got, "Check block assertion failed", "These tokens live longer than a year: forever (lat_0002)", "These tokens end within a week: ends soon")
	if strings.Contains(got, "a month") {
		t.Errorf("a month is neither:\n%s", got)
	}
}
