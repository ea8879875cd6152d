package provider_test

import (
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// The examples of the actions, by command and by trigger, on an engine with
// actions. Each refresh mints, and the other action drops the last stored
// token.
func TestAccProcessActions(t *testing.T) {
	t.Parallel()
	requires(t, engine.Actions)
	s := flytest.New(t, flyWorld())
	text := snippets(t, "actions/fly_app_token_refresh/action.tf", "actions/fly_app_token_invalidate/action.tf")
	p := start(t, text, runner(t, s, s.Login(ownerOfBoth))...)
	apply := func(mints int, args ...string) {
		t.Helper()
		got := p.run(append([]string{"apply", "-auto-approve"}, args...)...)
		if s.Count(flytest.OpMint) != mints {
			t.Errorf("%v: %d mints, want %d:\n%s", args, s.Count(flytest.OpMint), mints, got.output)
		}
	}
	apply(0)
	apply(1, "-invoke=action.fly_app_token_refresh.web")
	p.configure(strings.Replace(text, "2026-11", "2026-12", 1))
	apply(2)
	apply(2, "-invoke=action.fly_app_token_invalidate.web")
	if stored := mintedIn(t, p.storage); len(stored) != 0 || len(good(s)) != 1 {
		t.Errorf("stored are %v, and %q are good", stored, good(s))
	}
}
