package provider_test

import (
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
)

// On shared storage, flyctl's login in config.yml finds what it minted on a
// different machine, and nothing that a different login minted.
func TestSharedStorageSeparatesLogins(t *testing.T) {
	t.Parallel()
	v := vaulttest.Start(t, vaulttest.Config{})
	fly := flyWorld()
	fly.Users = append(fly.Users, flytest.User{Name: "colleague", Organizations: []string{"acme"}})
	s := flytest.New(t, fly)
	one, two := s.Login(ownerOfBoth), s.Login("colleague")
	for i, step := range []struct {
		login string
		mints int
	}{{one.Reveal(), 1}, {one.Reveal(), 1}, {two.Reveal(), 2}, {one.Reveal(), 2}} {
		world := flyServed(t, s, "VAULT_TOKEN="+v.RootToken)
		write(t, filepath.Join(world.Home, ".fly", "config.yml"), "access_token: "+step.login+"\n")
		w := configured(t, world, attrs{"sources": []any{"storage", "api"}, "storage": attrs{"vault": attrs{"mount": "secret", "address": v.Address}}})
		if state, got := w.read(t.Context(), attrs{"app": "web"}); state["token"] == nil || got != "" {
			t.Fatalf("machine %d: got %v:\n%s", i, state, got)
		}
		if n := s.Count(flytest.OpMint); n != step.mints {
			t.Errorf("after machine %d there were %d mints, want %d", i, n, step.mints)
		}
	}
}
