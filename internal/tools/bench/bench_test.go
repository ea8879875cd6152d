package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAccBench is `make bench` with very little to measure. The tool itself
// checks the number of flyctl's runs.
func TestAccBench(t *testing.T) {
	t.Parallel()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("needs OpenTofu: set TF_ACC=1, as make test does")
	}
	dir := t.TempDir()
	o := options{
		apps: 2, reads: 4, runs: 1, starts: 1, work: filepath.Join(dir, "work"),
		json: filepath.Join(dir, "made", "bench.json"), table: filepath.Join(dir, "page.md"),
		plot: filepath.Join(dir, "plot"),
	}
	write(t, o.table, "# Title\n"+beginMarker+"\nold\n"+endMarker+"\ntail\n")
	var stdout bytes.Buffer
	if err := run(t.Context(), o, &stdout, t.Output()); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, o.table), "# Title\n"+beginMarker+"\n"+stdout.String()+endMarker+"\ntail\n"; got != want {
		t.Errorf("the page is\n%s\nand not\n%s", got, want)
	}
	for _, colours := range palettes() {
		wantPlot(t, read(t, o.plot+"-"+colours.name+".svg"))
	}
	var kept result
	if err := json.Unmarshal([]byte(read(t, o.json)), &kept); err != nil {
		t.Fatal(err)
	}
	wantRows(t, kept.Rows)
	if kept.Setting.Framework == "" || kept.Setting.Cores < 1 || !strings.HasPrefix(kept.Setting.Engine, "OpenTofu ") {
		t.Errorf("measured on %+v", kept.Setting)
	}
	if !strings.Contains(stdout.String(), kept.Setting.String()) {
		t.Errorf("the table does not say on what it was measured:\n%s", stdout.String())
	}
	left, err := os.ReadDir(o.work)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// wantRows fails the test unless each row exists with the samples of each side
// and the right number of calls.
func wantRows(t *testing.T, rows []row) {
	t.Helper()
	found := map[string]row{}
	for _, r := range rows {
		found[r.ID] = r
	}
	for id, calls := range map[string][2]int{
		"warm": {0, -1}, "warm_bare": {0, -1}, "warm_if_expired": {0, -1}, "remote": {0, -1}, "cold": {1, 2}, "cold_access": {2, 2}, "cold_shared": {1, 4}, "read": {-1, -1},
		"start": {-1, -1}, "memory": {-1, -1}, "size": {-1, -1},
		"telemetry": {0, -1}, "telemetry_down": {0, -1}, "telemetry_hangs": {0, -1},
	} {
		r, ok := found[id]
		if !ok {
			t.Errorf("there is no row %q", id)
			continue
		}
		if r.Missing != "" && runtime.GOOS != "linux" {
			continue
		}
		samples := 1
		if strings.HasPrefix(id, "telemetry") {
			samples = telemetryTimes
		}
		for i, s := range []side{r.Ours, r.Rival} {
			if len(s.Samples) != samples || s.Median <= 0 {
				t.Errorf("%s: side %d is %+v, want %d samples", id, i, s, samples)
			}
			if got := s.Calls; (got == nil) != (calls[i] < 0) || got != nil && *got != calls[i] {
				t.Errorf("%s: side %d: not %d calls of flyctl", id, i, calls[i])
			}
		}
	}
	if len(found) != 14 || len(rows) != 14 {
		t.Errorf("%d rows, want 14", len(rows))
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	unmarked := filepath.Join(t.TempDir(), "README.md")
	write(t, unmarked, "# Title\n")
	good := options{apps: 1, reads: 1, runs: 1, starts: 1}
	tests := map[string]struct {
		change func(*options)
		want   string
	}{
		"no app":                {func(o *options) { o.apps = 0 }, "at least one app"},
		"apps without a reader": {func(o *options) { o.apps = 2 }, "one data source per app"},
		"no run":                {func(o *options) { o.runs = 0 }, "one run"},
		"no start":              {func(o *options) { o.starts = 0 }, "one start"},
		"a part of the table":   {func(o *options) { o.table, o.only = unmarked, "warm" }, "have all parts"},
		"a part of the plot":    {func(o *options) { o.plot, o.only = "plot", "warm" }, "have all parts"},
		"no place for a table":  {func(o *options) { o.table = unmarked }, "there is no " + beginMarker},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good
			tt.change(&o)
			if err := run(t.Context(), o, t.Output(), t.Output()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWants(t *testing.T) {
	t.Parallel()
	for only, want := range map[string]bool{"": true, "warm": true, "cold,warm": true, "cold": false, "warmer": false} {
		if got := (options{only: only}).wants("warm"); got != want {
			t.Errorf("%q: %v, want %v", only, got, want)
		}
	}
}

func TestStrict(t *testing.T) {
	t.Parallel()
	slow := row{ID: "slow", Unit: unitTime, Ours: side{Median: 2}, Rival: side{Median: 1}, Limit: limit{Ratio: 1.5}}
	for strict, want := range map[bool]string{false: "<nil>", true: "slow is over its limit"} {
		b := &bench{options: options{strict: strict}}
		var out bytes.Buffer
		err := b.report(result{Rows: []row{slow}}, &out)
		if got := fmt.Sprint(err); got != want {
			t.Errorf("strict %v: got %s, want %s", strict, got, want)
		}
		if !strings.Contains(out.String(), "2.00 **over**") {
			t.Errorf("the table does not say so:\n%s", out.String())
		}
	}
}

func TestRaceTakesTurns(t *testing.T) {
	t.Parallel()
	var turns []string
	turn := func(name string) contestant {
		return contestant{name, func(context.Context) (sample, error) {
			turns = append(turns, name)
			return sample{wall: time.Duration(len(turns))}, nil
		}}
	}
	b := &bench{options: options{warmUps: 1}, log: t.Output()}
	took, err := b.race(t.Context(), 2, turn("a"), turn("b"))
	if err != nil || len(turns) != 6 {
		t.Fatalf("%q, %v", turns, err)
	}
	for i, name := range []string{"a", "b"} {
		// The third and fourth turns are the first round that counts.
		var want []sample
		for n, who := range turns {
			if n >= 2 && who == name {
				want = append(want, sample{wall: time.Duration(n + 1)})
			}
		}
		if diff := cmp.Diff(want, took[i], cmp.AllowUnexported(sample{})); diff != "" || len(want) != 2 {
			t.Errorf("%s, of %q: %s", name, turns, diff)
		}
	}
	failing := contestant{"c", func(context.Context) (sample, error) { return sample{}, errors.New("no") }}
	if _, err := b.race(t.Context(), 1, failing); err == nil || err.Error() != "c: no" {
		t.Errorf("got %v", err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
