package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// unitNano is the unit of a single call.
const unitNano unit = "ns"

// read measures a read that the run's cache answers, as a data source makes it, without
// and with telemetry. It runs the benchmark of the package that wires both.
func (b *bench) read(ctx context.Context) ([]row, error) {
	b.say("read, %d times", b.runs)
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-bench=^BenchmarkReadCached$", "-benchmem", fmt.Sprintf("-count=%d", b.runs), "./internal/provider")
	cmd.Dir, cmd.Stderr = b.root, b.log
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %.2000s", err, out)
	}
	off, on := side{Program: nameOurs}, side{Program: "with telemetry"}
	var allocations [2]float64
	for results := benchfmt.NewReader(bytes.NewReader(out), "go test"); results.Scan(); {
		one, ok := results.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		into, at := &off, 0
		if strings.Contains(one.Name.String(), "telemetry=on") {
			into, at = &on, 1
		}
		took, _ := one.Value("sec/op")
		into.Samples = append(into.Samples, took*1e9)
		allocations[at], _ = one.Value("allocs/op")
	}
	off.Median, on.Median = median(off.Samples), median(on.Samples)
	return []row{{
		ID: "read", Unit: unitNano, Ours: off, Rival: on,
		What: fmt.Sprintf("read of a cached token in a run, %.0f allocations (%.0f with telemetry)", allocations[0], allocations[1]),
	}}, nil
}
