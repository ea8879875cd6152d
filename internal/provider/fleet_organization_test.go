package provider_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// places are the kinds of storage that processes can share, on one machine or on many.
func places() map[string]func(t *testing.T) location {
	all := servers()
	all["disk"] = func(t *testing.T) location { t.Helper(); return location{storage: t.TempDir()} }
	return all
}

// Fifty cold processes read ten apps of one organization each: one of them mints, and
// all return its token for each app.
func TestFleetSharesOneMint(t *testing.T) {
	t.Parallel()
	const apps = 10
	for place, open := range places() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			world := flyWorld()
			for n := range apps {
				world.Apps = append(world.Apps, flytest.App{Name: fmt.Sprintf("app-%d", n), Organization: "acme"})
			}
			s := flytest.New(t, world)
			all := fleet(t, fleetSize, open(t), s, ownerOfBoth)
			for n := range apps {
				for _, m := range all {
					m.begin(fmt.Sprintf("read app-%d", n))
				}
			}
			returned := map[string]int{}
			for _, m := range all {
				for range apps {
					got := m.answer()
					returned[got.Token]++
					if got.Problems != "" {
						t.Error(got.Problems)
					}
				}
				m.end()
			}
			if n := s.Count(flytest.OpMint); n != 1 || len(returned) != 1 {
				t.Errorf("%d mints and %d different tokens, want one", n, len(returned))
			}
		})
	}
}

// Processes with two logins, over apps of two organizations, never return a token of a
// different organization or login.
func TestFleetSharesNothingAcrossLogins(t *testing.T) {
	t.Parallel()
	for place, open := range places() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			s, l := flytest.New(t, flyWorld()), open(t)
			owners, members := fleet(t, 10, l, s, ownerOfBoth), fleet(t, 10, l, s, memberOfGlobexAlone)
			read := func(app string, all []*machine) (returned []string) {
				for _, m := range all {
					m.begin("read " + app)
				}
				for _, m := range all {
					got := m.answer()
					returned = append(returned, got.Token)
					if got.Problems != "" || !opens(t, s, got.Token, app) {
						t.Errorf("a token does not open %s: %s", app, got.Problems)
					}
				}
				return slices.Compact(returned)
			}
			of := [][]string{read("web", owners), read("shop", owners), read("shop", members)}
			if len(of[0]) != 1 || len(of[1]) != 1 || len(of[2]) != 1 || of[1][0] == of[2][0] || s.Count(flytest.OpMint) != 3 {
				t.Errorf("%d, %d and %d different tokens after %d mints", len(of[0]), len(of[1]), len(of[2]), s.Count(flytest.OpMint))
			}
			if opens(t, s, of[0][0], "shop") || opens(t, s, of[1][0], "web") || opens(t, s, of[2][0], "web") {
				t.Error("a token opens an app of the other organization")
			}
			for _, m := range slices.Concat(owners, members) {
				m.end()
			}
		})
	}
}

// A warm run of a thousand reads over a hundred apps of a named organization sends one
// request to storage.
func TestFleetReadsOneDocument(t *testing.T) {
	t.Parallel()
	for place, open := range servers() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			world := flyWorld()
			for n := range 100 {
				world.Apps = append(world.Apps, flytest.App{Name: fmt.Sprintf("app-%d", n), Organization: "acme"})
			}
			s := flytest.New(t, world)
			l, sent := behindProxy(t, open(t))
			l.env = append(l.env, "FLY_ORG=acme")
			cold := fleet(t, 1, l, s, ownerOfBoth)[0]
			cold.do("read app-0")
			cold.end()
			before := len(sent())
			warm := fleet(t, 1, l, s, ownerOfBoth)[0]
			for n := range 1000 {
				warm.do(fmt.Sprintf("read app-%d", n%100))
			}
			warm.end()
			if got := sent()[before:]; !slices.Equal(got, []string{"GET organization_acme"}) {
				t.Errorf("the run sent %q", got)
			}
		})
	}
}
