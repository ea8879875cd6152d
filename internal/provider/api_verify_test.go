package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// The messages about tokens that Fly rejects. Their owners keep the tokens.
func TestRejectedTokens(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	for name, test := range map[string]struct{ source, want string }{
		"env":    {"env", "it is expired, revoked or unknown: set a different token in FLY_API_TOKEN"},
		"config": {"config", "it is expired, revoked or unknown: run `fly auth login`"},
		"manual": {"manual", "it is expired, revoked or unknown: set a different token with fly_manual_token, or remove it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tok := s.Make(flytest.Make{App: "web"})
			world := flyServed(t, s)
			if name == "env" {
				world.Variables = append(world.Variables, "FLY_API_TOKEN="+tok.Reveal())
			}
			write(t, filepath.Join(world.Home, ".fly", "config.yml"), "access_token: "+tok.Reveal()+"\n")
			w := dial(t, world)
			if got := w.configure(nil); got != "" {
				t.Fatal(got)
			}
			if _, got := w.create(attrs{"app": "web", "token": tok.Reveal()}); got != "" {
				t.Fatal(got)
			}
			config := attrs{"sources": []any{test.source}}
			if state, got := reads(t, world, config, attrs{"app": "web"}); state["token"] != tok.Reveal() {
				t.Fatalf("before it was revoked:\n%s", got)
			}
			s.Revoke(tok)
			state, got := reads(t, world, config, attrs{"app": "web"})
			head := name + ": Fly rejects the token found in "
			want := fmt.Sprintf("(fingerprint %s): %s", tok.Fingerprint(), test.want)
			if state["token"] != nil || !strings.Contains(got, head) || !strings.Contains(got, want) {
				t.Errorf("got %v, without %q and %q:\n%s", state, head, want, got)
			}
			config["refresh"] = "if_expired"
			if state, got := reads(t, world, config, attrs{"app": "web"}); state["token"] != tok.Reveal() {
				t.Errorf("without asking:\n%s", got)
			}
		})
	}
}

// A login of two organizations. The part for the app's organization is
// returned, or all of it if Fly did not answer the lookup.
func TestLoginOfTwoOrganizations(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	mine, others := s.Make(flytest.Make{Organization: "acme"}).Reveal(), s.Make(flytest.Make{Organization: "globex"}).Reveal()
	world := flyServed(t, s, "FLY_API_TOKEN="+others+","+mine)
	config := attrs{"sources": []any{"env"}}
	if state, got := reads(t, world, config, attrs{"app": "web"}); state["token"] != mine {
		t.Errorf("got another than the app's:\n%s", got)
	}
	s.Reset()
	s.Inject(flytest.OpAny, flytest.Hang())
	world.ShowTimeout = 100 * time.Millisecond
	w := dial(t, world)
	if got := w.configure(config); got != "" {
		t.Fatal(got)
	}
	for _, app := range []string{"web", "worker", "shop"} {
		if state, got := w.read(t.Context(), attrs{"app": app}); state["token"] != others+","+mine || got != "" {
			t.Errorf("%s: got something else, and:\n%s", app, got)
		}
	}
	if n := s.Count(flytest.OpAny); n != 2 {
		t.Errorf("%d requests to a server that hangs, want one with a list of apps and one without", n)
	}
}
