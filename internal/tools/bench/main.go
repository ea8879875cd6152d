// Command bench measures the provider as users run it: whole plans of OpenTofu
// over generated configurations, and whole processes. Each is measured in turn
// with a rival in the same run.
//
//	make bench                     a table on the terminal and in the docs, the README's plot, and .work/bench.json
//	.work/bin/bench -only warm     one part of it, once make has built this program
//
// It is a separate module, so that no rival's dependency becomes the
// provider's. The rivals are programs in subfolders. cheapest is a provider
// whose data source copies its input, written with the same framework. bare is
// the same without a framework, and has no limit. external runs a program for
// each data source. All programs use only loopback addresses and a scratch
// folder, with a fake flyctl and a fake Fly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
)

// options are the values of the flags.
type options struct {
	// apps is the number of apps, and reads the number of data sources that
	// read them.
	apps, reads int
	// runs is the number of counted runs of each plan, after the warmUps.
	runs, warmUps int
	// starts is the number of counted starts of each provider.
	starts int
	// delay is the duration of the fake flyctl.
	delay time.Duration
	// json is the file for the samples, table the one whose table is replaced, and
	// plot the start of the names of the plot's files. "" means none.
	json, table, plot string
	// work is the parent of the scratch folder.
	work string
	// only names the parts to measure; without any, all are measured.
	only string
	// strict makes a row over its limit an error.
	strict bool
}

func main() {
	var o options
	flag.IntVar(&o.apps, "apps", 100, "`number` of apps")
	flag.IntVar(&o.reads, "reads", 1000, "`number` of data sources that read them")
	flag.IntVar(&o.runs, "runs", 7, "`number` of counted runs of each plan")
	flag.IntVar(&o.warmUps, "warmups", 1, "`number` of runs of each plan before these")
	flag.IntVar(&o.starts, "starts", 200, "`number` of starts of each provider")
	flag.DurationVar(&o.delay, "delay", 300*time.Millisecond, "`duration` of the fake flyctl")
	flag.StringVar(&o.json, "json", filepath.Join(".work", "bench.json"), "`file` for all samples")
	flag.StringVar(&o.work, "work", ".work", "`folder` for temporary builds and plans")
	flag.StringVar(&o.table, "table", "", "`file` whose table is replaced")
	flag.StringVar(&o.plot, "plot", "", "`start` of the names of the plot's files: -light.svg and -dark.svg are added")
	flag.StringVar(&o.only, "only", "", "comma-separated `parts` to measure: warm, remote, cold, read, start, memory, size, telemetry; all by default")
	flag.BoolVar(&o.strict, "strict", false, "fail if a limit is exceeded")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// run measures everything, and writes the results as the options say.
func run(ctx context.Context, o options, stdout, log io.Writer) error {
	if o.apps < 1 || o.reads < o.apps || o.runs < 1 || o.starts < 1 {
		return errors.New("at least one app, one data source per app, one run and one start are needed")
	}
	if (o.table != "" || o.plot != "") && o.only != "" {
		return errors.New("the table and the plot in files have all parts: omit -only, or -table and -plot")
	}
	if o.table != "" {
		// This is checked before the work, not after it.
		if err := checkMarkers(o.table); err != nil {
			return err
		}
	}
	root, err := toolbin.Root(ctx)
	if err != nil {
		return err
	}
	tofu, err := engine.Find(ctx, engine.OpenTofu, log)
	if err != nil {
		return err
	}
	b := &bench{options: o, engine: tofu, root: root, log: log}
	rows, err := b.measure(ctx)
	if err != nil {
		return err
	}
	return b.report(result{Setting: b.setting, Options: o.public(), Rows: rows}, stdout)
}

// bench is one run in one scratch folder.
type bench struct {
	options
	engine  engine.Engine
	root    string
	scratch string
	log     io.Writer

	setting  setting
	programs programs
	fly      *world
}

// measure measures every row. It removes its scratch folder before it returns.
func (b *bench) measure(ctx context.Context) (rows []row, err error) {
	work, err := filepath.Abs(b.work)
	if err != nil {
		return nil, fmt.Errorf("make the scratch folder: %w", err)
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, fmt.Errorf("make the scratch folder: %w", err)
	}
	if b.scratch, err = os.MkdirTemp(work, "bench-"); err != nil {
		return nil, fmt.Errorf("make the scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.scratch)) }()
	if b.programs, err = b.build(ctx); err != nil {
		return nil, err
	}
	if b.setting, err = b.describe(ctx); err != nil {
		return nil, err
	}
	b.fly = newWorld(b.apps)
	defer func() { err = errors.Join(err, b.fly.close()) }()
	for _, part := range []struct {
		name    string
		measure func(context.Context) ([]row, error)
	}{
		{"warm", b.warm}, {"remote", b.remote}, {"cold", b.cold}, {"read", b.read}, {"start", b.start}, {"memory", b.memory}, {"size", b.size}, {"telemetry", b.telemetry},
	} {
		if !b.wants(part.name) {
			continue
		}
		some, err := part.measure(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		rows = append(rows, some...)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%q names no part", b.only)
	}
	return rows, nil
}

// wants reports whether to measure the part.
func (o options) wants(part string) bool {
	return o.only == "" || slices.Contains(strings.Split(o.only, ","), part)
}

func (b *bench) path(elem ...string) string {
	return filepath.Join(append([]string{b.scratch}, elem...)...)
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.log, "bench: "+format+"\n", args...)
}
