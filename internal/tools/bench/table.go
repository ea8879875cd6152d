package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// markdown returns the result as a table that is also legible as plain text,
// with a description of the machine.
func (r result) markdown() string {
	cells := [][]string{{"", "this provider", "rival", "ratio", "limit", "runs of flyctl"}}
	var missing strings.Builder
	for _, one := range r.Rows {
		cells = append(cells, one.cells())
		if one.Missing != "" {
			missing.WriteString("\nNot measured: " + one.What + ". " + one.Missing + "\n")
		}
	}
	return "\n" + table(cells) + missing.String() + fmt.Sprintf(
		"\nMedians of %s in turn (of %d with telemetry, of %s, and of at most %d over %s that call flyctl, and for memory). %s\n\n",
		many(r.Options.Runs, "run"), telemetryTimes*r.Options.Runs, many(r.Options.Starts, "start"), slowRuns, many(r.Options.Reads, "data source"), r.Setting)
}

// cells are the table's cells for a row.
func (r row) cells() []string {
	if r.Missing != "" {
		return []string{r.What, "", "", "not measured", r.Limit.String(), ""}
	}
	found := strconv.FormatFloat(r.Ratio, 'f', 2, 64)
	if r.Limit.More > 0 {
		found = fmt.Sprintf("%+.0f ms", r.More)
	}
	if r.Over {
		found += " **over**"
	}
	return []string{r.What, r.Unit.format(r.Ours.Median), r.Unit.format(r.Rival.Median) + " " + r.Rival.Program, found, r.Limit.String(), calls(r)}
}

// calls shows the number of flyctl's runs on both sides.
func calls(r row) string {
	if r.Ours.Calls == nil {
		return ""
	}
	shown := number(*r.Ours.Calls)
	if r.Rival.Calls != nil {
		shown += " / " + number(*r.Rival.Calls)
	}
	return shown
}

// String shows the limit, or "".
func (l limit) String() string {
	switch {
	case l.More > 0:
		return fmt.Sprintf("%+.0f ms", l.More)
	case l.Ratio > 0:
		return strconv.FormatFloat(l.Ratio, 'f', 2, 64)
	default:
		return ""
	}
}

// format shows a value: in milliseconds up to a second.
func (u unit) format(value float64) string {
	switch {
	case u == unitNano && value >= 1000:
		return fmt.Sprintf("%.1f µs", value/1000)
	case u == unitNano:
		return fmt.Sprintf("%.0f ns", value)
	case u != unitTime:
		return fmt.Sprintf("%.1f %s", value, u)
	case value >= 1000:
		return fmt.Sprintf("%.2f s", value/1000)
	case value >= 100:
		return fmt.Sprintf("%.0f ms", value)
	default:
		return fmt.Sprintf("%.1f ms", value)
	}
}

// table aligns cells as a Markdown table, whose first row is its head. All
// columns except the first, which holds words, are aligned to the right.
func table(cells [][]string) string {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var out strings.Builder
	for n, line := range cells {
		for i, cell := range line {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				cell, space = space, cell
			}
			out.WriteString("| " + cell + space + " ")
		}
		out.WriteString("|\n")
		if n > 0 {
			continue
		}
		for i, width := range widths {
			rule := strings.Repeat("-", width+1)
			if i > 0 {
				out.WriteString("|" + rule + ":")
			} else {
				out.WriteString("|:" + rule)
			}
		}
		out.WriteString("|\n")
	}
	return out.String()
}

// many shows a number of things.
func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return number(n) + " " + thing + "s"
}

// number shows a whole number with separated thousands.
func number(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
