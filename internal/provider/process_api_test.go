package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// readAll reads the token of each app named, with the arguments given, and puts
// all of them into an output.
func readAll(block, arguments string, apps ...string) string {
	return fmt.Sprintf(`
provider "fly" {
%s
}

data "fly_app_token" "each" {
  for_each = toset(["%s"])
  app      = each.key
%s
}

output "each" {
  value     = data.fly_app_token.each
  sensitive = true
}
`, block, strings.Join(apps, `", "`), arguments)
}

// A runner with a user's login and without flyctl: two apps in two
// organizations need one lookup and two mints, and the next plan checks each token
// once.
func TestAccProcessAPIMints(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	login := s.Login(ownerOfBoth)
	p := start(t, readAll("", "", "web", "shop"), runner(t, s, login)...)
	plan := p.run("plan")
	if mints, lookups, all := s.Count(flytest.OpMint), s.Count(flytest.OpLookupApp), s.Count(flytest.OpAny); mints != 2 || lookups != 1 || all != 3 {
		t.Errorf("the plan made %d mints and %d look-ups among %d requests", mints, lookups, all)
	}
	applied, again := p.run("apply", "-auto-approve"), p.unchanged()
	if mints, shows, all := s.Count(flytest.OpMint), s.Count(flytest.OpShow), s.Count(flytest.OpAny); mints != 2 || shows != 4 || all != 7 {
		t.Errorf("after the apply and another plan there were %d mints and %d shows among %d requests", mints, shows, all)
	}
	secrets := map[string]string{"login": login.Reveal()}
	got := p.answers("each")
	for app, other := range map[string]string{"web": "shop", "shop": "web"} {
		secrets[app] = got[app].Token
		if got[app].Origin != "api" || !opens(t, s, got[app].Token, app) || opens(t, s, got[app].Token, other) {
			t.Errorf("%s has a token from %s that opens %s: %v, %s: %v", app, got[app].Origin,
				app, opens(t, s, got[app].Token, app), other, opens(t, s, got[app].Token, other))
		}
	}
	silent(t, secrets, plan, applied, again)
}

// A runner with only an organization's macaroon, which cannot mint. It is
// returned unchanged, or narrowed if an access is requested.
func TestAccProcessAPIScopedLogin(t *testing.T) {
	t.Parallel()
	world, apps := flyWorld(), []string{"web", "worker"}
	for i := range 30 {
		apps = append(apps, fmt.Sprintf("app-%d", i))
		world.Apps = append(world.Apps, flytest.App{Name: apps[i+2], Organization: "acme"})
	}
	s := flytest.New(t, world)
	login := s.Make(flytest.Make{Organization: "acme"})
	p := start(t, readAll("", "", apps...), runner(t, s, login)...)
	runs := []outcome{p.run("apply", "-auto-approve")}
	// Concurrent reads try to mint with the login. Later reads do not.
	if n := s.Count(flytest.OpMint); n < 1 || n > 10 {
		t.Errorf("%d mints were tried for %d apps", n, len(apps))
	}
	runs = append(runs, p.unchanged())
	for app, got := range p.answers("each") {
		if got.Origin != "env" || got.Token != login.Reveal() {
			t.Errorf("%s has a token from %s, of %s", app, got.Origin, got.Fingerprint)
		}
	}
	// A hanging Fly is waited for once, and the available token is returned.
	s.Reset()
	s.Inject(flytest.OpAny, flytest.Hang())
	p.configure(readAll(`api = { timeout = "500ms" }
sources = ["storage", "config", "cli", "api", "env", "manual"]`, "", apps...))
	runs = append(runs, p.unchanged())
	if lookups, shows, all := s.Count(flytest.OpLookupApp), s.Count(flytest.OpShow), s.Count(flytest.OpAny); lookups > 10 || shows > 10 || all > 20 {
		t.Errorf("%d look-ups and %d shows among %d requests to a server that hangs", lookups, shows, all)
	}
	s.Reset()
	p.configure(readAll("", `access = "readonly"`, "web", "worker"))
	runs = append(runs, p.run("apply", "-auto-approve"), p.unchanged())
	secrets := map[string]string{"login": login.Reveal()}
	for app, number := range map[string]uint64{"web": web, "worker": worker} {
		got := p.answers("each")[app]
		secrets[app] = got.Token
		if err := bundle(t, got.Token).ProveReadOnly(number); got.Origin != "env" || err != nil || !opens(t, s, got.Token, app) {
			t.Errorf("%s has a token from %s: %v", app, got.Origin, err)
		}
	}
	silent(t, secrets, runs...)
	if issued := s.Issued(); len(issued) != 1 {
		t.Errorf("%d tokens were made", len(issued))
	}
}

// A stored token that was revoked at Fly: the next plan mints a new one, unless
// its refresh policy skips the check.
func TestAccProcessAPIRevoked(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	login := s.Login(ownerOfBoth)
	p := start(t, readAll("", "", "web"), runner(t, s, login)...)
	runs := []outcome{p.run("apply", "-auto-approve")}
	first := p.answers("each")["web"].Token
	s.Revoke(parsed(t, first))

	s.Reset()
	p.configure(readAll(`refresh = "if_expired"`, "", "web"))
	runs = append(runs, p.unchanged())
	if got := s.Count(flytest.OpAny); got != 0 {
		t.Errorf("if_expired sent %d requests", got)
	}

	p.configure(readAll(`refresh = "if_rejected"`, "", "web"))
	changed := p.run("plan")
	if strings.Contains(changed.output, "No changes.") || s.Count(flytest.OpShow) != 1 || s.Count(flytest.OpMint) != 1 {
		t.Errorf("after %d shows and %d mints, if_rejected says:\n%s", s.Count(flytest.OpShow), s.Count(flytest.OpMint), changed.output)
	}
	runs = append(runs, changed, p.run("apply", "-auto-approve"), p.unchanged())
	second := p.answers("each")["web"].Token
	if second == first || !opens(t, s, second, "web") || s.Count(flytest.OpMint) != 1 {
		t.Errorf("after %d mints the token is another: %v", s.Count(flytest.OpMint), second != first)
	}
	silent(t, map[string]string{"login": login.Reveal(), "first": first, "second": second}, runs...)
}

// Deploy tokens are not shared: fifty apps cost one lookup and fifty mints, at most four
// at a time and over as many connections.
func TestAccProcessAPIFiftyDeployTokens(t *testing.T) {
	t.Parallel()
	world, apps := flyWorld(), []string{}
	for i := range 50 {
		apps = append(apps, fmt.Sprintf("app-%d", i))
		world.Apps = append(world.Apps, flytest.App{Name: apps[i], Organization: "acme"})
	}
	s := flytest.New(t, world)
	p := start(t, readAll(`api = { max_parallel = 4 }`, `access = "deploy"`, apps...), runner(t, s, s.Login(ownerOfBoth))...)
	p.run("plan", "-parallelism=40")
	if mints, lookups, all := s.Count(flytest.OpMint), s.Count(flytest.OpLookupApp), s.Count(flytest.OpAny); mints != 50 || lookups != 1 || all != 51 {
		t.Errorf("%d mints and %d look-ups among %d requests", mints, lookups, all)
	}
	// net/http replaces a connection that is slow to become idle.
	if most, connections := s.MaxInFlight(), s.Connections(); most > 4 || connections > 6 {
		t.Errorf("%d requests were in flight at once, over %d connections", most, connections)
	}
}

// A hundred apps in two organizations: one lookup for all and one mint for each
// organization. If Fly then hangs, ten checks are sent. If it is unreachable, every app still
// has its token.
func TestAccProcessAPIHundredApps(t *testing.T) {
	t.Parallel()
	world, apps := flyWorld(), []string{}
	for i := range 100 {
		apps = append(apps, fmt.Sprintf("app-%d", i))
		world.Apps = append(world.Apps, flytest.App{Name: apps[i], Organization: []string{"acme", "globex"}[i%2]})
	}
	s := flytest.New(t, world)
	s.Inject(flytest.OpAny, flytest.Slow(5e6))
	p := start(t, readAll("", "", apps...), runner(t, s, s.Login(ownerOfBoth))...)
	p.run("apply", "-auto-approve", "-parallelism=40")
	if mints, lookups, all := s.Count(flytest.OpMint), s.Count(flytest.OpLookupApp), s.Count(flytest.OpAny); mints != 2 || lookups != 1 || all != 3 {
		t.Errorf("%d mints and %d look-ups among %d requests", mints, lookups, all)
	}
	if most := s.MaxInFlight(); most > 10 {
		t.Errorf("%d requests were in flight at once", most)
	}
	s.Reset()
	s.Inject(flytest.OpAny, flytest.Hang())
	p.quiet()
	if shows, all := s.Count(flytest.OpShow), s.Count(flytest.OpAny); shows > 10 || all != shows {
		t.Errorf("%d shows among %d requests to a server that hangs", shows, all)
	}
	s.Reset()
	p.env = append(p.env, "FLY_FLAPS_BASE_URL=http://127.0.0.1:1")
	p.quiet()
	if all := s.Count(flytest.OpAny); all != 0 {
		t.Errorf("%d requests went elsewhere", all)
	}
}
