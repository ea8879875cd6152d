package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// plottable is a result with the rows that are plotted.
func plottable() result {
	took := func(program string, median float64) side { return side{Program: program, Median: median} }
	return result{Rows: []row{
		{ID: "cold_shared", What: "many reads & flyctl", Unit: unitTime, Ours: took(nameOurs, 4000), Rival: took(nameExternal, 32000)},
		{ID: "start", What: "start", Unit: unitTime, Ours: took(nameOurs, 20), Rival: took(nameCheapest, 20)},
		{ID: "warm", What: "plan, stored", Unit: unitTime, Ours: took(nameOurs, 1000), Rival: took(nameCheapest, 900)},
		{ID: "cold", What: "flyctl", Unit: unitTime, Ours: took(nameOurs, 3500), Rival: took(nameExternal, 3400)},
	}}
}

// wantPlot fails the test unless svg is an SVG with a pair of bars for each row.
// It returns the bars' lengths.
func wantPlot(t *testing.T, svg string) []float64 {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
	var lengths []float64
	for _, bar := range regexp.MustCompile(`<path d="M([\d.]+),[^L]*L[^L]*L([\d.]+),`).FindAllStringSubmatch(svg, -1) {
		from, err1 := strconv.ParseFloat(bar[1], 64)
		to, err2 := strconv.ParseFloat(bar[2], 64)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		lengths = append(lengths, to-from)
	}
	if len(lengths) != 2*len(plotted()) {
		t.Fatalf("%d bars, want a pair for each of %q:\n%s", len(lengths), plotted(), svg)
	}
	return lengths
}

func TestPlotShowsThreeRowsInOrder(t *testing.T) {
	t.Parallel()
	base := filepath.Join(t.TempDir(), "plot")
	if err := plottable().draw(base); err != nil {
		t.Fatal(err)
	}
	for _, colours := range palettes() {
		svg := read(t, base+"-"+colours.name+".svg")
		lengths := wantPlot(t, svg)
		for i, milliseconds := range []float64{1000, 900, 3500, 3400, 4000, 32000} {
			if got, want := lengths[i]/lengths[0], milliseconds/1000; math.Abs(got-want) > 0.01*want {
				t.Errorf("bar %d is %.3f times as long as the first, want %.3f", i, got, want)
			}
		}
		at := 0
		for _, words := range []string{
			"plan,", "stored", "this provider 1.00 s", "cheapest 900 ms", "flyctl", "this provider 3.50 s", "external 3.40 s",
			"many reads &amp; flyctl", "this provider 4.00 s", "external 32.00 s",
		} {
			next := strings.Index(svg[at:], ">"+words+"<")
			if next < 0 {
				t.Fatalf("%q is missing, or not in its place:\n%s", words, svg)
			}
			at += next
		}
	}
}

func TestPlotNeedsItsRows(t *testing.T) {
	t.Parallel()
	r := plottable()
	r.Rows[0].Missing = "no flyctl"
	if err := r.draw(filepath.Join(t.TempDir(), "plot")); err == nil || !strings.Contains(err.Error(), `row "cold_shared" was not measured`) {
		t.Errorf("got %v", err)
	}
}
