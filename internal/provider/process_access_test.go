package provider_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// accesses reads web with each access, through only one source.
const accesses = `
provider "fly" {
  alias     = %[1]q
  sources   = ["storage", %[1]q]
  token_ttl = "2h"
  storage   = { path = %[2]q }
%[3]s
}

data "fly_app_token" %[1]q {
  for_each = toset(["readonly", "deploy"])
  provider = fly.%[1]s
  app      = "web"
  access   = each.key
}

output %[1]q {
  value     = data.fly_app_token.%[1]s
  sensitive = true
}
`

// accessible is a project that asks for both accesses from each source. Only
// api has a token that already matches.
func accessible(t *testing.T, s *flytest.Server) (p *process, fly *fakefly.Fake, secrets map[string]string) {
	t.Helper()
	fly = fakefly.Install(t, fakefly.Behaviour{Online: true})
	dir := t.TempDir()
	login := s.Login(ownerOfBoth).Reveal()
	mine, others := s.Make(flytest.Make{Organization: "acme"}).Reveal(), s.Make(flytest.Make{Organization: "globex"}).Reveal()
	file := filepath.Join(dir, "config.yml")
	write(t, file, "access_token: "+others+","+mine+","+login+"\n")
	config := ""
	for link, arguments := range map[string]string{
		"cli":    fmt.Sprintf("access_token = %q", login),
		"api":    fmt.Sprintf("access_token = %q", login),
		"env":    fmt.Sprintf("access_token = %q", mine),
		"config": fmt.Sprintf("config_file = %q", file),
	} {
		config += fmt.Sprintf(accesses, link, filepath.Join(dir, link), arguments)
	}
	return start(t, config, append(at(s), "PATH="+fly.Dir())...), fly, map[string]string{"login": login, "mine": mine, "others": others}
}

// From each source, a token proves exactly its access, to the provider and to
// Fly. It does not outlive token_ttl, and is the same at the next plan.
func TestAccProcessAccess(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	p, fly, secrets := accessible(t, s)
	before := time.Now()
	runs := []outcome{p.run("apply", "-auto-approve")}
	for _, link := range []string{"cli", "api", "env", "config"} {
		for access, got := range p.answers(link) {
			name := access + " over " + link
			secrets[name] = got.Token
			if got.Origin != link {
				t.Errorf("%s: the token is from %s", name, got.Origin)
			}
			proves(t, name, token.Access(access), got.Token)
			if got.ExpiresAt == nil || got.ExpiresAt.Sub(before) > 2*time.Hour+time.Minute {
				t.Errorf("%s: the token expires at %v", name, got.ExpiresAt)
			}
			if !opens(t, s, got.Token, "web") || opens(t, s, got.Token, "worker") || opens(t, s, got.Token, "shop") {
				t.Errorf("%s: Fly opens web %v, worker %v, shop %v", name,
					opens(t, s, got.Token, "web"), opens(t, s, got.Token, "worker"), opens(t, s, got.Token, "shop"))
			}
		}
	}
	calls, mints := len(fly.Calls()), s.Count(flytest.OpMint)
	runs = append(runs, p.unchanged(), p.run("apply", "-auto-approve"), p.unchanged())
	if calls != 2 || len(fly.Calls()) != 2 || mints != 4 || s.Count(flytest.OpMint) != 4 {
		t.Errorf("%d, then %d calls of flyctl; %d, then %d mints", calls, len(fly.Calls()), mints, s.Count(flytest.OpMint))
	}
	silent(t, secrets, runs...)
}

// proves fails the test unless the token's caveats allow the access to web, and
// nothing else.
func proves(t *testing.T, name string, access token.Access, tok string) {
	t.Helper()
	b := bundle(t, tok)
	err := b.ProveReadOnly(web)
	deploys := b.ProveDeploy(web)
	if access == token.AccessDeploy {
		err, deploys = deploys, err
	}
	if err != nil || deploys == nil {
		t.Errorf("%s: %v, and the other access: %v", name, err, deploys)
	}
	features := access == token.AccessDeploy
	for request, want := range map[string]struct {
		macaroon.Access
		allowed bool
	}{
		"reading web":     {on(web, macaroon.ActionRead), true},
		"writing web":     {on(web, macaroon.ActionWrite), features},
		"deleting web":    {on(web, macaroon.ActionDelete), features},
		"reading worker":  {on(worker, macaroon.ActionRead), false},
		"reading shop":    {on(shop, macaroon.ActionRead), false},
		"the builder":     {feature("builder"), features},
		"WireGuard":       {feature("wg"), features},
		"domains":         {feature("domain"), false},
		"the bill":        {feature("billing"), false},
		"writing to acme": {macaroon.Access{Action: macaroon.ActionWrite}, false},
	} {
		want.OrgID = number(acme)
		if err := b.Permits(want.Access); (err == nil) != want.allowed {
			t.Errorf("%s: %s is allowed: %v (%v)", name, request, err == nil, err)
		}
		want.OrgID = number(globex)
		if b.Permits(want.Access) == nil {
			t.Errorf("%s: %s is allowed in another organization", name, request)
		}
	}
}

func on(app uint64, action macaroon.Action) macaroon.Access {
	return macaroon.Access{Action: action, AppID: number(app)}
}

func feature(name string) macaroon.Access {
	return macaroon.Access{Action: macaroon.ActionWrite, Feature: &name}
}

func number(n uint64) *uint64 { return &n }
