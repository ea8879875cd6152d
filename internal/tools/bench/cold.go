package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// externalConfig calls flyctl for each data source.
func externalConfig(apps, reads int) string {
	return fmt.Sprintf(`
variable "fly" {
  type = string
}

data "external" "all" {
  count = %d
  program = [
    var.fly, "tokens", "create", "deploy", "--app", "app-${count.index %% %d}", "--expiry", "24h", "--json",
  ]
}
`, reads, apps)
}

// slowRuns bounds the counted runs of two kinds of plan: those that take a
// minute each and clearly differ, and those that measure memory, which varies
// little.
const slowRuns = 3

// cold measures plans without stored tokens and with a slow flyctl, next to a
// data source that calls the same flyctl. One row has one data source per app,
// the other has all data sources.
func (b *bench) cold(ctx context.Context) ([]row, error) {
	each, err := b.coldRow(ctx, b.apps, b.runs)
	if err != nil {
		return nil, err
	}
	each.ID, each.Limit = "cold", limit{Ratio: 1.10}
	each.What = fmt.Sprintf("plan of %s over as many apps, flyctl takes %s", many(b.apps, "data source"), b.delay)
	shared, err := b.coldRow(ctx, b.reads, min(b.runs, slowRuns))
	if err != nil {
		return nil, err
	}
	shared.ID, shared.Limit = "cold_shared", limit{Ratio: 1.0 / 3}
	shared.What = fmt.Sprintf("plan of %s over %s, flyctl takes %s", many(b.reads, "data source"), many(b.apps, "app"), b.delay)
	return []row{each, shared}, nil
}

// coldRow races reads data sources over the apps.
func (b *bench) coldRow(ctx context.Context, reads, runs int) (row, error) {
	name := fmt.Sprintf("cold-%d", reads)
	ours, err := b.project(name, "flytokens/fly", b.programs.ours.dir(), oursConfig(b.apps, reads, ""))
	if err != nil {
		return row{}, err
	}
	external, err := b.project(name+"-external", "bench/external", b.programs.external.dir(), externalConfig(b.apps, reads))
	if err != nil {
		return row{}, err
	}
	took, err := b.race(ctx, runs,
		contestant{name + ", fly", func(ctx context.Context) (sample, error) { return b.coldPlan(ctx, ours, b.apps) }},
		contestant{name + ", external", func(ctx context.Context) (sample, error) { return b.coldPlan(ctx, external, reads) }},
	)
	if err != nil {
		return row{}, err
	}
	return row{
		Unit: unitTime, Ours: timed(nameOurs, took[0]).calling(b.apps), Rival: timed(nameExternal, took[1]).calling(reads),
	}, nil
}

// coldPlan plans p with a new fake and a new storage. It returns an error
// unless flyctl is called this number of times.
func (b *bench) coldPlan(ctx context.Context, p project, calls int) (took sample, err error) {
	f, err := b.newFake(fakefly.Behaviour{Delay: b.delay})
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, f.remove()) }()
	if took, err = p.plan(ctx, append(f.env(), b.fly.env()...)...); err != nil {
		return took, err
	}
	return took, f.called(calls)
}
