package main

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// plotted are the rows of the plot, from top to bottom.
func plotted() []string { return []string{"warm", "cold", "cold_shared"} }

const (
	// plotWidth is that of a phone, so that the words need no zoom there.
	plotWidth  = 360
	plotHeight = 300
	barWidth   = 16
	barOffset  = 10
	// titleOffset is how far the middle of a row's title is above that of its bars.
	titleOffset = 40
	labelGap    = 4
	titleSize   = 15
	labelSize   = 14
	// labelRoom is the part of the longest bar that stays free for its label.
	labelRoom = 1.6
)

// palette has the colours of a plot on a background that the page sets.
type palette struct {
	// name is the end of the file's name.
	name               string
	ours, rival, words color.RGBA
}

func palettes() []palette {
	return []palette{
		{"light", color.RGBA{0x09, 0x69, 0xda, 0xff}, color.RGBA{0x8c, 0x95, 0x9f, 0xff}, color.RGBA{0x1f, 0x23, 0x28, 0xff}},
		{"dark", color.RGBA{0x44, 0x93, 0xf8, 0xff}, color.RGBA{0x6e, 0x76, 0x81, 0xff}, color.RGBA{0xf0, 0xf6, 0xfc, 0xff}},
	}
}

// draw writes the plot to base-light.svg and base-dark.svg.
func (r result) draw(base string) error {
	for _, colours := range palettes() {
		svg, err := r.svg(colours)
		if err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
		if err := os.WriteFile(base+"-"+colours.name+".svg", svg, 0o644); err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
	}
	return nil
}

// svg draws a pair of bars for each row of [plotted], the provider's above its
// rival's.
func (r result) svg(colours palette) ([]byte, error) {
	p := plot.New()
	p.BackgroundColor = nil
	p.HideAxes()
	ids := plotted()
	longest := 0.0
	for i, id := range ids {
		at := slices.IndexFunc(r.Rows, func(one row) bool { return one.ID == id })
		if at < 0 || r.Rows[at].Missing != "" {
			return nil, fmt.Errorf("row %q was not measured", id)
		}
		one, y := r.Rows[at], float64(len(ids)-1-i)
		longest = max(longest, one.Ours.Median, one.Rival.Median)
		title := plotter.XYLabels{XYs: plotter.XYs{{Y: y}}, Labels: []string{twoLines(one.What)}}
		if err := label(p, title, vg.Point{Y: titleOffset}, titleSize, colours.words); err != nil {
			return nil, err
		}
		if err := bar(p, y, one.Ours.Median, barOffset, "this provider "+one.Unit.format(one.Ours.Median), colours.ours, colours.words); err != nil {
			return nil, err
		}
		if err := bar(p, y, one.Rival.Median, -barOffset, one.Rival.Program+" "+one.Unit.format(one.Rival.Median), colours.rival, colours.words); err != nil {
			return nil, err
		}
	}
	p.X.Min, p.X.Max = 0, longest*labelRoom
	p.Y.Min, p.Y.Max = -0.25, float64(len(ids))-0.4
	canvas := vgsvg.New(plotWidth, plotHeight)
	p.Draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, err
	}
	// A machine without this font would show its default, a font with serifs.
	return bytes.ReplaceAll(out.Bytes(), []byte("Liberation Sans"), []byte("Liberation Sans,Helvetica,Arial,sans-serif")), nil
}

// twoLines breaks a title at its comma, where its conditions begin.
func twoLines(title string) string { return strings.Replace(title, ", ", ",\n", 1) }

// bar adds a bar with its label behind it. Offsets are in points, upwards.
func bar(p *plot.Plot, y, value float64, offset vg.Length, words string, fill, ink color.Color) error {
	b, err := plotter.NewBarChart(plotter.Values{value}, barWidth)
	if err != nil {
		return err
	}
	b.Horizontal, b.XMin, b.Offset, b.Color = true, y, offset, fill
	b.LineStyle.Width = 0
	p.Add(b)
	return label(p, plotter.XYLabels{XYs: plotter.XYs{{X: value, Y: y}}, Labels: []string{words}}, vg.Point{X: labelGap, Y: offset}, labelSize, ink)
}

// label adds words whose left end is at their point.
func label(p *plot.Plot, words plotter.XYLabels, offset vg.Point, size vg.Length, ink color.Color) error {
	l, err := plotter.NewLabels(words)
	if err != nil {
		return err
	}
	l.Offset = offset
	for i := range l.TextStyle {
		l.TextStyle[i] = text.Style{
			Color: ink, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
			XAlign: draw.XLeft, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler,
		}
	}
	p.Add(l)
	return nil
}
