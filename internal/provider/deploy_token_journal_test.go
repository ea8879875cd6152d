package provider_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	minting "github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
)

// othersDead is a journal for which all other processes have ended. In a test
// they are this process.
type othersDead struct{ minting.Journal }

// Alive reports that only this process is alive.
func (j othersDead) Alive(_ context.Context, owner string) (alive, certain bool) {
	return owner == j.Owner(), true
}

// lockless is a journal on a file system without locks.
type lockless struct{ minting.Journal }

// Alive is never certain.
func (lockless) Alive(context.Context, string) (alive, certain bool) { return false, false }

// journal is the one in a world's storage.
func journal(world provider.World, s *flytest.Server) *tokenstore.Store {
	return tokenstore.Open(dir.Open(filepath.Join(world.ConfigDir, "terraform-provider-fly")), tokenstore.Scope{APIBaseURL: s.URL()})
}

// announced lists the names of an app's announced mints in a world's storage.
func announced(t *testing.T, world provider.World, s *flytest.Server) (names []string) {
	t.Helper()
	mints, err := journal(world, s).Announced(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mints {
		names = append(names, m.Name)
	}
	return names
}

// crash starts a new provider in the same world, after the previous one was
// killed.
func (d *deployed) crash(t *testing.T) {
	t.Helper()
	d.world.Journal = func(j minting.Journal) minting.Journal { return othersDead{j} }
	d.restart(t)
}

// forget drops the provider's answer, as if the engine was killed before it
// wrote state.
func (d *deployed) forget() func() {
	state, private := maps.Clone(d.state), slices.Clone(d.private)
	return func() { d.state, d.private = state, private }
}

// A creation that did not reach the state is revoked by the next creation of
// the same resource in the same workspace, and nowhere else.
func TestDeployTokenCreationForgotten(t *testing.T) {
	t.Parallel()
	here := t.TempDir()
	for name, next := range map[string]struct {
		dir      string
		config   attrs
		variable string
		left     int
		says     string
	}{
		"the same":              {here, attrs{"app": "web"}, "", 1, ""},
		"another root module":   {t.TempDir(), attrs{"app": "web"}, "", 2, "WARNING: Fly Token May Have No Owner"},
		"another workspace":     {here, attrs{"app": "web"}, "TF_WORKSPACE=blue", 2, "fly tokens revoke lat_0001"},
		"another data folder":   {here, attrs{"app": "web"}, "TF_DATA_DIR=elsewhere", 2, "WARNING: Fly Token May Have No Owner"},
		"an unknown folder":     {"", attrs{"app": "web"}, "", 2, "WARNING: Fly Token May Have No Owner"},
		"other arguments":       {here, attrs{"app": "web", "name": "b"}, "", 2, "fly tokens revoke lat_0001"},
		"an app of another one": {here, attrs{"app": "worker"}, "", 2, ""},
	} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		d.world.WorkingDir = here
		d.restart(t)
		forgotten := d.forget()
		d.created(attrs{"app": "web"})
		forgotten()
		d.world.WorkingDir = next.dir
		d.world.Variables = append(d.world.Variables, next.variable)
		d.crash(t)
		got := d.applies(next.config)
		if len(good(s)) != next.left || !strings.Contains(got, next.says) || (next.says == "") != (got == "") {
			t.Errorf("%s: %v is live\n%s", name, good(s), got)
		}
	}
}

// A creation that reached the state is kept after a plan or a refresh has seen
// it.
func TestDeployTokenCreationSeen(t *testing.T) {
	t.Parallel()
	for name, see := range map[string]func(*deployed) string{
		"read": (*deployed).refresh,
		"plan": func(d *deployed) string { _, got := d.plan(attrs{"app": "web"}); return got },
	} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		d.world.WorkingDir = t.TempDir()
		d.restart(t)
		d.created(attrs{"app": "web"})
		d.crash(t)
		if got := see(d); got != "" {
			t.Errorf("%s says:\n%s", name, got)
		}
		sibling := &deployed{wire: d.wire, world: d.world, resource: d.resource}
		sibling.created(attrs{"app": "web"})
		wantTokens(t, s, tokens{minted: 2, good: 2})
	}
}

// A rotation that did not reach the state is revoked by the next rotation and
// by the destroy, in any folder.
func TestDeployTokenRotationForgotten(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]attrs{"rotate": {"app": "web", "name": "c"}, "destroy": nil} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		d.created(attrs{"app": "web"})
		d.crash(t)
		wants(t, d.refresh())
		forgotten := d.forget()
		wants(t, d.applies(attrs{"app": "web", "name": "b"}), "name changes")
		forgotten()
		d.crash(t)
		if got := d.applies(next); strings.Contains(got, "ERROR") || strings.Contains(got, "No Owner") {
			t.Errorf("%s says:\n%s", name, got)
		}
		want := []any{"lat_0001", "lat_0003"}
		if next == nil {
			want = nil
		}
		if ids := live(s); !slices.Equal(ids, want) || len(announced(t, d.world, s)) > len(want)/2 {
			t.Errorf("%s: %v is live, %v is announced", name, ids, announced(t, d.world, s))
		}
	}
}

// A token that the engine received before the provider ended normally may be in
// a moved state. So a creation is reported and kept. A rotation is revoked if
// the same workspace still has the token that it should have replaced.
func TestDeployTokenDelivered(t *testing.T) {
	t.Parallel()
	here, elsewhere := t.TempDir(), t.TempDir()
	for name, test := range map[string]struct {
		rotate bool
		empty  bool // the engine was killed in the middle of writing its state
		dir    string
		live   []any
		says   string
	}{
		"create":                    {false, false, here, []any{"lat_0001", "lat_0002"}, "fly tokens revoke lat_0001"},
		"create, another workspace": {false, false, elsewhere, []any{"lat_0001", "lat_0002"}, ""},
		"rotate":                    {true, false, here, []any{"lat_0001", "lat_0003"}, ""},
		"rotate, an empty state":    {true, true, here, []any{"lat_0001", "lat_0002", "lat_0003"}, "It should have replaced token lat_0001."},
		"rotate, a copy of a state": {true, false, elsewhere, []any{"lat_0001", "lat_0002", "lat_0003"}, ""},
	} {
		s := flytest.New(t, flyWorld())
		d := deployable(t, s)
		d.world.WorkingDir = here
		d.restart(t)
		config := attrs{"app": "web"}
		if test.rotate {
			d.created(config)
			config = attrs{"app": "web", "name": "b"}
		}
		forgotten := d.forget()
		d.applies(config)
		forgotten()
		if test.empty {
			d.state, d.private = nil, nil
		}
		if err := d.end(t.Context()); err != nil {
			t.Error(err)
		}
		d.world.WorkingDir = test.dir
		d.crash(t)
		got := d.applies(config)
		if ids := live(s); !slices.Equal(ids, test.live) || strings.Contains(got, "No Owner") != (test.says != "") || !strings.Contains(got, test.says) {
			t.Errorf("%s: %v is live\n%s", name, ids, got)
		}
	}
}

// If it is uncertain which processes are alive, nothing is revoked.
func TestDeployTokenWithoutLocks(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.world.WorkingDir = t.TempDir()
	d.world.Journal = func(j minting.Journal) minting.Journal { return lockless{j} }
	d.restart(t)
	d.created(attrs{"app": "web"})
	other := &deployed{world: d.world, resource: d.resource}
	other.restart(t)
	other.t = t
	wants(t, other.applies(attrs{"app": "web"}), "WARNING: Fly Token May Have No Owner", "fly tokens revoke lat_0001")
	wantTokens(t, s, tokens{minted: 2, good: 2})
}

// A plan revokes no announced token.
func TestDeployTokenPlanRevokesNothing(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	d := deployable(t, s)
	d.world.WorkingDir = t.TempDir()
	d.restart(t)
	forgotten := d.forget()
	d.created(attrs{"app": "web"})
	forgotten()
	d.crash(t)
	if _, got := d.plan(attrs{"app": "web"}); got != "" {
		t.Error(got)
	}
	wantTokens(t, s, tokens{minted: 1, good: 1})
}
