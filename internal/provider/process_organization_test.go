package provider_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// ofAcme reads all apps of both organizations, with arguments in the provider's block.
func ofAcme(arguments string) string { return readAll(arguments, "", "web", "worker", "shop") }

// wantShared fails the test unless web and worker have one token, which opens both, and
// shop has a different one.
func (p *process) wantShared(s *flytest.Server) token.Token {
	p.t.Helper()
	got := p.answers("each")
	for app, a := range got {
		if a.SharedWith == nil || *a.SharedWith != "organization" || !opens(p.t, s, a.Token, app) {
			p.t.Errorf("the token of %s is shared with %v, or does not open it", app, a.SharedWith)
		}
	}
	if got["web"].Token != got["worker"].Token || got["web"].Token == got["shop"].Token {
		p.t.Error("the organizations share a token, or the apps of one do not")
	}
	tok, err := token.Parse(got["web"].Token)
	if err != nil {
		p.t.Fatal(err)
	}
	return tok
}

// The apps of an organization share one token through a revocation at Fly, a move to a
// different organization, and the way back.
func TestAccProcessOrganization(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	login := s.Login(ownerOfBoth)
	p := start(t, ofAcme(""), runner(t, s, login)...)
	p.run("apply", "-auto-approve")
	first := p.wantShared(s)
	p.quiet()
	if n := s.Count(flytest.OpMint); n != 2 {
		t.Errorf("%d mints for two organizations", n)
	}

	s.Revoke(first)
	p.run("apply", "-auto-approve")
	second := p.wantShared(s)
	p.quiet()
	if n := s.Count(flytest.OpMint); n != 3 || second == first {
		t.Errorf("%d mints after one token was revoked", n)
	}

	s.Move("worker", "globex")
	p.run("apply", "-auto-approve")
	got := p.answers("each")
	if got["worker"].Token != got["shop"].Token || got["web"].Token != second.Reveal() || s.Count(flytest.OpMint) != 3 {
		t.Errorf("after %d mints, worker does not have the token of its new organization", s.Count(flytest.OpMint))
	}
	p.quiet()
	s.Move("worker", "acme")
	p.run("apply", "-auto-approve")
	p.wantShared(s)
	p.quiet()
	if n := s.Count(flytest.OpMint); n != 3 {
		t.Errorf("%d mints after the way back", n)
	}
}

// Where an organization is named, one that an app does not belong to is an error of that
// app before any mint, and when a token is stored, too. The other apps have theirs.
func TestAccProcessOrganizationOfADifferentApp(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	p := start(t, readAll(`organization = "acme"`, "", "web", "worker"), runner(t, s, s.Login(ownerOfBoth))...)
	p.run("apply", "-auto-approve")
	p.quiet()
	p.configure(ofAcme(`organization = "acme"`))
	for range 2 {
		got := p.try("plan")
		if n := strings.Count(got.output, "Error: "); n != 1 || !strings.Contains(got.output, `app "shop" belongs to organization "globex", not to "acme"`) || !strings.Contains(got.output, "correct `organization` or FLY_ORG") {
			t.Errorf("%d errors:\n%s", n, got.output)
		}
	}
	if n := s.Count(flytest.OpMint); n != 1 {
		t.Errorf("%d mints, want one", n)
	}
}

// A cold run over a hundred apps of one organization sends two requests over the API: a
// list of the apps, and one mint, whether the organization is named or not.
func TestHundredAppsNeedTwoRequests(t *testing.T) {
	t.Parallel()
	for _, organization := range []any{nil, "acme"} {
		world := flyWorld()
		for i := range 100 {
			world.Apps = append(world.Apps, flytest.App{Name: fmt.Sprintf("app-%d", i), Organization: "acme"})
		}
		s := flytest.New(t, world)
		w := configured(t, flyServed(t, s, "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal()), attrs{"sources": []any{"storage", "api"}, "organization": organization})
		var reads sync.WaitGroup
		for i := range 100 {
			reads.Go(func() {
				if _, got := w.read(t.Context(), attrs{"app": fmt.Sprintf("app-%d", i)}); got != "" {
					t.Error(got)
				}
			})
		}
		reads.Wait()
		if mints, all := s.Count(flytest.OpMint), s.Count(flytest.OpAny); mints != 1 || all != 2 {
			t.Errorf("organization %v: %d mints among %d requests", organization, mints, all)
		}
	}
}
