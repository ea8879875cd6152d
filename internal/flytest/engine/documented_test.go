package engine

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mark is the beginning of a feature's row in the documentation's table.
func mark(f Feature) string {
	return map[Feature]string{
		Baseline:           "`data ",
		EphemeralResources: "`ephemeral ",
		WriteOnlyArguments: "`token_wo` ",
		ResourceIdentity:   "`import` ",
		Actions:            "actions ",
		Query:              "`list ",
	}[f]
}

// documented returns the documentation, and the rows of its table of features,
// each as its cells.
func documented(t *testing.T) (page string, rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "index.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| what | Terraform | OpenTofu |")
	if !ok {
		t.Fatal("docs/index.md has no such table")
	}
	_, table, _ = strings.Cut(table, "\n") // the rest of its head
	_, table, _ = strings.Cut(table, "\n") // and the line below
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) == 1 {
			break
		}
		if len(cells) != 5 {
			t.Fatalf("%q has not three cells", line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells[1:4])
	}
	return string(text), rows
}

// The documentation lists the same features and versions as the tests.
func TestSupportIsAsDocumented(t *testing.T) {
	t.Parallel()
	page, rows := documented(t)
	features := make(map[Feature]bool)
	for _, of := range support() {
		for f := range of {
			features[f] = true
		}
	}
	for _, f := range slices.Sorted(maps.Keys(features)) {
		begins := mark(f)
		at := slices.IndexFunc(rows, func(row []string) bool { return begins != "" && strings.HasPrefix(row[0], begins) })
		if at < 0 {
			t.Errorf("docs/index.md has no row for %s", f)
			continue
		}
		for i, kind := range []Kind{Terraform, OpenTofu} {
			want := "none"
			if first, ok := support()[kind][f]; ok {
				want = first.String()
			}
			if diff := cmp.Diff(want, rows[at][i+1]); diff != "" {
				t.Errorf("%s on %s: feature.go (-) and docs/index.md (+) differ:\n%s", f, kind, diff)
			}
		}
		rows = slices.Delete(rows, at, at+1)
	}
	for _, row := range rows {
		t.Errorf("docs/index.md has a row that feature.go knows nothing of: %q", row)
	}
	runsOn := "It runs on Terraform " + support()[Terraform][Baseline].String() + " and later and on OpenTofu " + support()[OpenTofu][Baseline].String() + " and later."
	if !strings.Contains(page, runsOn) {
		t.Errorf("docs/index.md does not say %q", runsOn)
	}
}
