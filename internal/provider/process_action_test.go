package provider_test

import (
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// The examples of the actions, by command and by trigger, on an engine with
// actions. Each refresh mints, and the other action drops the last stored
// token and revokes both.
func TestAccProcessActions(t *testing.T) {
	t.Parallel()
	requires(t, engine.Actions)
	s := flytest.New(t, flyWorld())
	text := snippets(t, "actions/fly_app_token_refresh/action.tf", "actions/fly_app_token_invalidate/action.tf")
	p := start(t, text, runner(t, s, s.Login(ownerOfBoth))...)
	apply := func(mints int, args ...string) string {
		t.Helper()
		got := p.run(append([]string{"apply", "-auto-approve"}, args...)...)
		if s.Count(flytest.OpMint) != mints {
			t.Errorf("%v: %d mints, want %d:\n%s", args, s.Count(flytest.OpMint), mints, got.output)
		}
		return got.output
	}
	apply(0)
	apply(1, "-invoke=action.fly_app_token_refresh.web")
	p.configure(strings.Replace(text, "2026-11", "2026-12", 1))
	apply(2)
	apply(2, "-invoke=action.fly_app_token_invalidate.web")
	if stored := mintedIn(t, p.storage); len(stored) != 0 || len(good(s)) != 0 {
		t.Errorf("stored are %v, and %q are good", stored, good(s))
	}
	p.configure(text + "\ndata \"fly_app_token\" \"worker\" {\n  app = \"worker\"\n}\n")
	apply(4)
	said := apply(4, "-invoke=action.fly_app_token_invalidate.web")
	wants(t, strings.Join(strings.Fields(said), " "), `Dropped 1 token shared by the apps of organization "acme".`, "Revoked 2 of 2 tokens.")
}

// The example of fly_token_revoke on an engine with actions: a leaked value that no
// state keeps, and all tokens of an app, each twice and while Fly is down.
func TestAccProcessTokenRevoke(t *testing.T) {
	t.Parallel()
	requires(t, engine.Actions)
	s := flytest.New(t, flyWorld())
	leaked := s.Make(flytest.Make{App: "web", Name: "flyctl deploy token"}).Reveal()
	ours := s.Make(flytest.Make{App: "web", Name: "terraform-provider-fly web aaaaaaaaaa"}).Reveal()
	p := start(t, snippets(t, "actions/fly_token_revoke/action.tf"), append(runner(t, s, s.Login(ownerOfBoth)), "TF_VAR_leaked="+leaked)...)
	runs := []outcome{p.run("apply", "-auto-approve")}
	invoke := func(action, want string) {
		t.Helper()
		got := p.try("apply", "-auto-approve", "-invoke=action.fly_token_revoke."+action)
		wants(t, strings.Join(strings.Fields(got.output), " "), want)
		runs = append(runs, got)
	}
	s.Inject(flytest.OpAny, flytest.Fail(500, `{"error":"boom"}`))
	invoke("leaked", "The token may still be live. Run the action again")
	invoke("web", "Run the action again")
	s.Reset()
	if !opens(t, s, leaked, "web") || !opens(t, s, ours, "web") {
		t.Error("a token was revoked while Fly was down")
	}
	invoke("leaked", `Revoked the token "flyctl deploy token" (lat_0001).`)
	invoke("leaked", "was already revoked at 20")
	invoke("web", "Revoked 1 of 1 token.")
	invoke("web", "had already been revoked or had expired")
	if opens(t, s, leaked, "web") || opens(t, s, ours, "web") {
		t.Error("a token is live")
	}
	secrets := map[string]string{"leaked": leaked}
	silent(t, secrets, runs...)
	p.search(secrets)
}

// A token that cannot be revoked, because there is no login, stays recorded. The next run
// with one revokes it.
func TestAccProcessInvalidateWithoutLogin(t *testing.T) {
	t.Parallel()
	requires(t, engine.Actions)
	s := flytest.New(t, flyWorld())
	text := snippets(t, "actions/fly_app_token_invalidate/action.tf")
	p := start(t, text+"\ndata \"fly_app_token\" \"web\" {\n  app = \"web\"\n}\n", runner(t, s, s.Login(ownerOfBoth))...)
	p.run("apply", "-auto-approve")
	invoke := []string{"apply", "-auto-approve", "-invoke=action.fly_app_token_invalidate.web"}
	env := p.env
	p.env = append(p.env, "FLY_API_TOKEN=")
	wants(t, strings.Join(strings.Fields(p.try(invoke...).output), " "),
		`Cannot revoke the token with fingerprint `, "but it is still live at Fly", "Run the action again", "no login")
	p.env = env
	wants(t, strings.Join(strings.Fields(p.run(invoke...).output), " "), "Revoked 1 of 1 token.")
	if live := good(s); len(live) != 0 {
		t.Errorf("%q are live", live)
	}
}
