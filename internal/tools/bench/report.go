package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// result is the content of the JSON file.
type result struct {
	Setting setting `json:"setting"`
	Options public  `json:"options"`
	Rows    []row   `json:"rows"`
}

// public are the options that affect the numbers.
type public struct {
	Apps    int     `json:"apps"`
	Reads   int     `json:"reads"`
	Runs    int     `json:"runs"`
	WarmUps int     `json:"warm_ups"`
	Starts  int     `json:"starts"`
	Delay   float64 `json:"delay_ms"`
}

func (o options) public() public {
	return public{Apps: o.apps, Reads: o.reads, Runs: o.runs, WarmUps: o.warmUps, Starts: o.starts, Delay: milliseconds(o.delay)}
}

// report shows and stores the result. If limits are strict, the error names the
// rows that exceed theirs.
func (b *bench) report(r result, stdout io.Writer) error {
	var over []error
	for i := range r.Rows {
		r.Rows[i] = r.Rows[i].compare()
		if r.Rows[i].Over {
			over = append(over, fmt.Errorf("%s is over its limit", r.Rows[i].ID))
		}
	}
	shown := r.markdown()
	if _, err := io.WriteString(stdout, shown); err != nil {
		return err
	}
	if err := keep(r, b.json); err != nil {
		return err
	}
	if b.table != "" {
		if err := replace(b.table, shown); err != nil {
			return err
		}
	}
	if b.plot != "" {
		if err := r.draw(b.plot); err != nil {
			return err
		}
	}
	if b.strict {
		return errors.Join(over...)
	}
	return nil
}

// keep writes the result to a file, and makes its folder.
func keep(r result, name string) error {
	if name == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the samples: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("keep the samples: %w", err)
	}
	if err := os.WriteFile(name, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the samples: %w", err)
	}
	return nil
}

// The markers are on separate lines.
const (
	beginMarker = "<!-- bench:begin -->"
	endMarker   = "<!-- bench:end -->"
)

// between returns the text up to the first marker and the text from the second
// one, both with their marker.
func between(text string) (before, after string, err error) {
	begin := strings.Index(text, beginMarker)
	if begin < 0 {
		return "", "", errors.New("there is no " + beginMarker)
	}
	begin += len(beginMarker)
	end := strings.Index(text[begin:], endMarker)
	if end < 0 {
		return "", "", errors.New("there is no " + endMarker + " after " + beginMarker)
	}
	return text[:begin], text[begin+end:], nil
}

// checkMarkers returns an error if the file has no place for a table.
func checkMarkers(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if _, _, err := between(string(text)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// replace puts shown between the markers of the file, and leaves the rest
// unchanged.
func replace(name, shown string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, after, err := between(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, []byte(before+"\n"+shown+after), info.Mode().Perm())
}
