package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
)

// telemetryTimes multiplies the runs of plans that may differ by only a few
// percent.
const telemetryTimes = 3

// collectorVariable holds the collector's address for the script of
// [bench.wrapped].
const collectorVariable = "BENCH_COLLECTOR"

// script starts the provider, with telemetry if a collector is set. The engine
// itself must not have these variables. OpenTofu would also trace, and wait for
// the same collector.
const script = `#!/bin/sh
if [ -n "$` + collectorVariable + `" ]; then
	export OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT="$` + collectorVariable + `"
fi
exec "%s" "$@"
`

// wrapped makes the folder of a provider that the script starts.
func (b *bench) wrapped() (string, error) {
	dir := b.path("bin", "wrapped")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("wrap the provider: %w", err)
	}
	text := fmt.Sprintf(script, b.programs.ours.path)
	if err := os.WriteFile(b.path("bin", "wrapped", b.programs.ours.name), []byte(text), 0o700); err != nil {
		return "", fmt.Errorf("wrap the provider: %w", err)
	}
	return dir, nil
}

// telemetry plans over stored tokens with a collector that answers, one that is
// down, and one that hangs. Each is measured next to the same plan without
// telemetry.
func (b *bench) telemetry(ctx context.Context) ([]row, error) {
	what := fmt.Sprintf("plan of %s, telemetry on", many(b.reads, "data source"))
	rows := []row{
		{ID: "telemetry", What: what, Limit: limit{Ratio: 1.05}},
		{ID: "telemetry_down", What: what + ", the collector is down", Limit: limit{More: 300}},
		{ID: "telemetry_hangs", What: what + ", the collector hangs", Limit: limit{More: 300}},
	}
	for i := range rows {
		rows[i].Unit = unitTime
		if runtime.GOOS == "windows" {
			rows[i].Missing = "The provider is wrapped in a script of sh."
		}
	}
	if runtime.GOOS == "windows" {
		return rows, nil
	}
	answering := newAnswering()
	defer answering.close()
	hanging, err := newHanging(ctx)
	if err != nil {
		return nil, err
	}
	defer hanging.close()
	down, err := closedPort(ctx)
	if err != nil {
		return nil, err
	}
	took, err := b.telemetryRace(ctx, "", answering.url, down, hanging.url)
	if err != nil {
		return nil, err
	}
	if answering.requests.Load() == 0 || hanging.connections.Load() == 0 {
		return nil, errors.New("telemetry is on, but the collectors received nothing")
	}
	rival := timed("without", took[0])
	for i := range rows {
		rows[i].Ours, rows[i].Rival = timed(nameOurs, took[i+1]).calling(0), rival
	}
	return rows, nil
}

// telemetryRace races the same plan with each of the collectors.
func (b *bench) telemetryRace(ctx context.Context, collectors ...string) ([][]sample, error) {
	s, err := b.store(ctx, "telemetry-store")
	if err != nil {
		return nil, err
	}
	dir, err := b.wrapped()
	if err != nil {
		return nil, err
	}
	p, err := b.project("telemetry", "flytokens/fly", dir, oursConfig(b.apps, b.reads, "", ""))
	if err != nil {
		return nil, err
	}
	var contestants []contestant
	for i, collector := range collectors {
		name := []string{"telemetry off", "telemetry on", "collector down", "collector hangs"}[i]
		contestants = append(contestants, contestant{name, func(ctx context.Context) (sample, error) {
			return s.plan(ctx, p, b.apps, collectorVariable+"="+collector)
		}})
	}
	took, err := b.race(ctx, telemetryTimes*b.runs, contestants...)
	if err != nil {
		return nil, err
	}
	return took, s.remove()
}
