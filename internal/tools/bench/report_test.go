package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		values []float64
		want   float64
	}{
		"none":          {nil, 0},
		"one":           {[]float64{4}, 4},
		"odd":           {[]float64{9, 1, 5}, 5},
		"even":          {[]float64{8, 1, 2, 4}, 3},
		"with outliers": {[]float64{1000, 2, 2, 3, 2}, 2},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	type outcome struct {
		Ratio, More float64
		Over        bool
		CPURatio    float64
	}
	for name, test := range map[string]struct {
		row  row
		want outcome
	}{
		"within":       {row{Ours: side{Median: 22}, Rival: side{Median: 20}, Limit: limit{Ratio: 1.1}}, outcome{1.1, 2, false, 0}},
		"over":         {row{Ours: side{Median: 23}, Rival: side{Median: 20}, Limit: limit{Ratio: 1.1}}, outcome{1.15, 3, true, 0}},
		"no limit":     {row{Ours: side{Median: 40}, Rival: side{Median: 20}}, outcome{2, 20, false, 0}},
		"more, within": {row{Ours: side{Median: 320}, Rival: side{Median: 20}, Limit: limit{More: 300}}, outcome{16, 300, false, 0}},
		"more, over":   {row{Ours: side{Median: 321}, Rival: side{Median: 20}, Limit: limit{More: 300}}, outcome{16.05, 301, true, 0}},
		"missing":      {row{Ours: side{Median: 40}, Rival: side{Median: 20}, Limit: limit{Ratio: 1.1}, Missing: "so"}, outcome{2, 20, false, 0}},
		"less work": {
			row{Ours: side{Median: 22, CPU: []float64{1, 2, 9}}, Rival: side{Median: 20, CPU: []float64{4}}, Limit: limit{Ratio: 1.1}},
			outcome{1.1, 2, false, 0.5},
		},
		"nothing to have": {row{Limit: limit{Ratio: 1.1}}, outcome{}},
	} {
		got := test.row.compare()
		if diff := cmp.Diff(test.want, outcome{got.Ratio, got.More, got.Over, got.CPURatio}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	zero, thousand := 0, 1000
	got := result{
		Setting: setting{
			Date: "2026-01-02", Engine: "OpenTofu 1.2.3", Go: "1.4", Framework: "1.5.0", Provider: "v0.1.0", System: "linux/amd64", Cores: 2, CPU: "Abacus",
		},
		Options: public{Runs: 3, Starts: 40, Reads: 1000},
		Rows: []row{
			row{What: "plan", Unit: unitTime, Ours: side{Median: 1234, Calls: &zero}, Rival: side{Program: "external", Median: 4321, Calls: &thousand}, Limit: limit{Ratio: 0.33}}.compare(),
			row{What: "memory", Unit: unitMemory, Ours: side{Median: 30}, Rival: side{Program: "cheapest", Median: 20}, Limit: limit{Ratio: 1.25}}.compare(),
			row{What: "down", Unit: unitTime, Ours: side{Median: 150}, Rival: side{Program: "without", Median: 90.5}, Limit: limit{More: 300}}.compare(),
			{What: "hangs", Unit: unitTime, Missing: "Not requested.", Limit: limit{More: 300}},
		},
	}.markdown()
	want := `
|        | this provider |             rival |         ratio |   limit | runs of flyctl |
|:-------|--------------:|------------------:|--------------:|--------:|---------------:|
| plan   |        1.23 s |   4.32 s external |          0.29 |    0.33 |      0 / 1,000 |
| memory |      30.0 MiB | 20.0 MiB cheapest | 1.50 **over** |    1.25 |                |
| down   |        150 ms |   90.5 ms without |        +60 ms | +300 ms |                |
| hangs  |               |                   |  not measured | +300 ms |                |

Not measured: hangs. Not requested.

Medians of 3 runs in turn (of 9 with telemetry, of 40 starts, and of at most 3 over 1,000 data sources that call flyctl, and for memory). OpenTofu 1.2.3, Go 1.4, terraform-plugin-framework 1.5.0, provider v0.1.0, on linux/amd64, 2 cores, Abacus; 2026-01-02.

`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	const table = "\n| new |\n\n"
	tests := map[string]struct{ text, want, fails string }{
		"empty":           {"a\n" + beginMarker + endMarker + "\nb", "a\n" + beginMarker + "\n" + table + endMarker + "\nb", ""},
		"older table":     {beginMarker + "\n| old |\n" + endMarker + "\n", beginMarker + "\n" + table + endMarker + "\n", ""},
		"already there":   {beginMarker + "\n" + table + endMarker, beginMarker + "\n" + table + endMarker, ""},
		"no markers":      {"a\n", "a\n", "there is no " + beginMarker},
		"no end":          {"a\n" + beginMarker + "\n", "a\n" + beginMarker + "\n", "there is no " + endMarker + " after " + beginMarker},
		"end comes first": {endMarker + beginMarker, endMarker + beginMarker, "there is no " + endMarker + " after " + beginMarker},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "README.md")
			write(t, file, tt.text)
			err := replace(file, table)
			if got := read(t, file); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if want := file + ": " + tt.fails; err == nil && tt.fails != "" || err != nil && err.Error() != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
	if err := replace(filepath.Join(t.TempDir(), "missing"), table); err == nil {
		t.Error("a file that is not there")
	}
}

func TestHighWater(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]int64{
		"Name:\tx\nVmHWM:\t   25712 kB\nVmRSS:\t   1 kB\n": 25712 * 1024,
		"Name:\tx\n":        0,
		"VmHWM:\tmuch kB\n": 0,
	} {
		if got := highWater([]byte(status)); got != want {
			t.Errorf("%q: %d, want %d", status, got, want)
		}
	}
}
