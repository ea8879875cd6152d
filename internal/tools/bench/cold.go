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
// data source that calls the same flyctl. The apps share one token, unless the data
// sources set an access.
func (b *bench) cold(ctx context.Context) ([]row, error) {
	rows := []struct {
		id, what, access string
		reads, runs      int
		limit            float64
	}{
		{"cold", fmt.Sprintf("plan of %s over as many apps, flyctl takes %d ms", many(b.apps, "data source"), b.delay.Milliseconds()), "", b.apps, b.runs, 0.25},
		{"cold_access", "the same with `access = \"deploy\"`", "deploy", b.apps, min(b.runs, slowRuns), 1.15},
		{"cold_shared", fmt.Sprintf("plan of %s over %s, flyctl takes %d ms", many(b.reads, "data source"), many(b.apps, "app"), b.delay.Milliseconds()), "", b.reads, min(b.runs, slowRuns), 0.10},
	}
	measured := make([]row, len(rows))
	for i, one := range rows {
		r, err := b.coldRow(ctx, one.id, one.access, one.reads, one.runs)
		if err != nil {
			return nil, err
		}
		r.ID, r.What, r.Limit = one.id, one.what, limit{Ratio: one.limit}
		measured[i] = r
	}
	return measured, nil
}

// coldRow races reads data sources over the apps.
func (b *bench) coldRow(ctx context.Context, name, access string, reads, runs int) (row, error) {
	calls, argument := 1, ""
	if access != "" {
		calls, argument = b.apps, fmt.Sprintf("  access = %q\n", access)
	}
	ours, err := b.project(name, "flytokens/fly", b.programs.ours.dir(), oursConfig(b.apps, reads, "", argument))
	if err != nil {
		return row{}, err
	}
	external, err := b.project(name+"-external", "bench/external", b.programs.external.dir(), externalConfig(b.apps, reads))
	if err != nil {
		return row{}, err
	}
	took, err := b.race(ctx, runs,
		contestant{name + ", fly", func(ctx context.Context) (sample, error) { return b.coldPlan(ctx, ours, access != "", calls) }},
		contestant{name + ", external", func(ctx context.Context) (sample, error) { return b.coldPlan(ctx, external, false, reads) }},
	)
	if err != nil {
		return row{}, err
	}
	return row{
		Unit: unitTime, Ours: timed(nameOurs, took[0]).calling(calls), Rival: timed(nameExternal, took[1]).calling(reads),
	}, nil
}

// coldPlan plans p with a new fake and a new storage. It returns an error unless
// flyctl is called this number of times. Tokens that must prove an access are minted
// online, because their app must exist.
func (b *bench) coldPlan(ctx context.Context, p project, online bool, calls int) (took sample, err error) {
	f, err := b.newFake(fakefly.Behaviour{Delay: b.delay, Online: online})
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, f.remove()) }()
	if took, err = p.plan(ctx, append(f.env(), b.fly.env()...)...); err != nil {
		return took, err
	}
	return took, f.called(calls)
}
