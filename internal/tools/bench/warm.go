package main

import (
	"context"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// oursConfig reads the tokens of apps with as many data sources as reads says. The
// arguments are for the provider's block and for those of the data sources.
func oursConfig(apps, reads int, provider, data string) string {
	return fmt.Sprintf(`
provider "fly" {
%s}

data "fly_app_token" "all" {
  count = %d
  app   = "app-${count.index %% %d}"
%s}
`, provider, reads, apps, data)
}

// copyConfig has this number of data sources of the provider name, which copy.
func copyConfig(name string, apps, reads int) string {
	return fmt.Sprintf(`
data "%s_copy" "all" {
  count = %d
  input = "app-${count.index %% %d}"
}
`, name, reads, apps)
}

// stored is a fake whose storage holds the apps' tokens after the calls so far, so that
// no further call is expected.
type stored struct {
	fake
	fly   *world
	calls int
	plans project
}

// store fills a storage with a plan in which flyctl mints the token that all apps share. It mints
// over the world's API, so that the world accepts them later.
func (b *bench) store(ctx context.Context, name string) (stored, error) {
	p, err := b.project(name, "flytokens/fly", b.programs.ours.dir(), oursConfig(b.apps, b.reads, "", ""))
	if err != nil {
		return stored{}, err
	}
	f, err := b.newFake(fakefly.Behaviour{Online: true})
	if err != nil {
		return stored{}, err
	}
	s := stored{fake: f, fly: b.fly, calls: 1, plans: p}
	if _, err := p.plan(ctx, append(f.env(), b.fly.env()...)...); err != nil {
		return stored{}, fmt.Errorf("fill the storage: %w", err)
	}
	return s, f.called(1)
}

// plan plans p over the storage. It returns an error if flyctl is called, or if
// the number of tokens checked with Fly is wrong.
func (s stored) plan(ctx context.Context, p project, shown int, env ...string) (sample, error) {
	before := s.fly.server.Count(flytest.OpAny)
	took, err := p.plan(ctx, append(append(s.env(), s.fly.env()...), env...)...)
	if err != nil {
		return took, err
	}
	if got := s.fly.server.Count(flytest.OpAny) - before; got != shown {
		return took, fmt.Errorf("the fake Fly got %d requests, want %d", got, shown)
	}
	return took, s.called(s.calls)
}

// warm plans over stored tokens, next to the cheapest data source: with the
// default refresh, which checks each token with Fly once in a plan, and with
// one that sends no request.
func (b *bench) warm(ctx context.Context) ([]row, error) {
	s, err := b.store(ctx, "warm")
	if err != nil {
		return nil, err
	}
	unasked, err := b.project("warm-unasked", "flytokens/fly", b.programs.ours.dir(), oursConfig(b.apps, b.reads, "  refresh = \"if_expired\"\n", ""))
	if err != nil {
		return nil, err
	}
	cheapest, err := b.copyProject("warm-cheapest", nameCheapest, b.programs.cheapest)
	if err != nil {
		return nil, err
	}
	bare, err := b.copyProject("warm-bare", nameBare, b.programs.bare)
	if err != nil {
		return nil, err
	}
	took, err := b.race(ctx, b.runs,
		contestant{"warm, fly", func(ctx context.Context) (sample, error) { return s.plan(ctx, s.plans, b.apps) }},
		contestant{"warm, cheapest", func(ctx context.Context) (sample, error) { return cheapest.plan(ctx) }},
		contestant{"warm, bare", func(ctx context.Context) (sample, error) { return bare.plan(ctx) }},
		contestant{"warm, fly, if_expired", func(ctx context.Context) (sample, error) { return s.plan(ctx, unasked, 0) }},
	)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("plan of %s over %s, tokens stored", many(b.reads, "data source"), many(b.apps, "app"))
	ours, rival := timed(nameOurs, took[0]).calling(0), timed(nameCheapest, took[1])
	return []row{
		{
			ID: "warm", What: what, Unit: unitTime, Limit: limit{Ratio: 1.10},
			Ours: ours, Rival: rival,
		},
		{ID: "warm_bare", What: "the same, beside a provider without a framework", Unit: unitTime, Ours: ours, Rival: timed(nameBare, took[2])},
		{
			ID: "warm_if_expired", What: what + ", `refresh = \"if_expired\"`", Unit: unitTime, Limit: limit{Ratio: 1.10},
			Ours: timed(nameOurs, took[3]).calling(0), Rival: rival,
		},
	}, s.remove()
}

// copyProject is the project of a provider whose data source copies.
func (b *bench) copyProject(name, provider string, of program) (project, error) {
	return b.project(name, "bench/"+provider, of.dir(), copyConfig(provider, b.apps, b.reads))
}
