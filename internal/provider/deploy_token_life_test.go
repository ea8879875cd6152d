package provider_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// due is how far ahead a clock is when a token of the usual lifetime is due: it
// lives 720 hours, and is rotated in the last quarter.
const due = 541 * time.Hour

func TestDeployTokenOpensItsAppAlone(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"deploy", "readonly"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			d := deployable(t, s)
			d.created(attrs{"app": "web", "name": "ci", "access": access})
			wantTokens(t, s, tokens{minted: 1, good: 1})
			if name := good(s)[0]; !regexp.MustCompile(`^ci \(terraform [a-z0-9]{10}\)$`).MatchString(name) {
				t.Errorf("minted as %q", name)
			}
			tok := as[string](t, d.state["token"])
			if !opens(t, s, tok, "web") {
				t.Error("the token does not open its app")
			}
			if opens(t, s, tok, "worker") {
				t.Error("the token opens a different app")
			}
			if d.state["authorization_header"] != "FlyV1 "+tok {
				t.Error("the header does not contain the token")
			}
		})
	}
}

func TestDeployTokenOutlivesTheProvider(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web"})
	if err := d.end(t.Context()); err != nil {
		t.Errorf("the provider's end: %v", err)
	}
	wantTokens(t, s, tokens{minted: 1, good: 1})
}

func TestDeployTokenPlansNoChange(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	config := attrs{"app": "web"}
	d.created(config)
	d.restart(t)
	if got := d.refresh(); got != "" {
		t.Errorf("a refresh:\n%s", got)
	}
	c, got := d.plan(config)
	if got != "" {
		t.Errorf("a plan:\n%s", got)
	}
	if diff := cmp.Diff(d.state, c.planned); diff != "" {
		t.Errorf("a plan changes\n%s", diff)
	}
}

// The token before it stays good: what has it may not have heard of the next.
func TestDeployTokenRotatesWhenDue(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"deploy", "readonly"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			d := deployable(t, s)
			config := attrs{"app": "web", "access": access}
			d.created(config)
			first := d.state
			d.ahead.Store(int64(due))
			got := d.refresh() + d.applies(config)
			wants(t, got, "Fly Deploy Token Is to Be Rotated", as[string](t, first["token_id"]), "within rotate_before (180h)")
			wantTokens(t, s, tokens{minted: 2, good: 2})
			if d.state["token"] == first["token"] {
				t.Error("the token was not rotated")
			}
			if d.state["fingerprint"] == first["fingerprint"] {
				t.Error("the fingerprint is that of the first token")
			}
			if !opens(t, s, as[string](t, first["token"]), "web") {
				t.Error("the first token is not good any more")
			}
			d.ahead.Store(0)
			if c, _ := d.plan(config); cmp.Diff(d.state, c.planned) != "" {
				t.Error("a token that was just rotated is due")
			}
		})
	}
}

func TestDeployTokenSecondRotationRevokesTheFirst(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web"})
	first := as[string](t, d.state["token"])
	d.applies(attrs{"app": "web", "triggers": map[string]string{"why": "first"}})
	second := as[string](t, d.state["token"])
	wants(t, d.applies(attrs{"app": "web", "triggers": map[string]string{"why": "second"}}), "triggers changes")
	wantTokens(t, s, tokens{minted: 3, revoked: 1, good: 2})
	if opens(t, s, first, "web") {
		t.Error("the first of three tokens is still good")
	}
	if !opens(t, s, second, "web") {
		t.Error("the second of three tokens is not good any more")
	}
}

func TestDeployTokenDestroyRevokesBoth(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.created(attrs{"app": "web"})
	d.applies(attrs{"app": "web", "name": "second"})
	if got := d.applies(nil); got != "" {
		t.Error(got)
	}
	if d.state != nil {
		t.Errorf("the state is left: %v", d.state)
	}
	wantTokens(t, s, tokens{minted: 2, revoked: 2})
}
