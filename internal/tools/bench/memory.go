package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// look is the interval between readings of memory while a plan runs.
const look = 5 * time.Millisecond

// memory measures the highest resident memory of the provider's processes
// during a warm plan, next to the cheapest provider's.
func (b *bench) memory(ctx context.Context) ([]row, error) {
	measured := row{
		ID: "memory", What: fmt.Sprintf("highest resident memory of a process in a plan of %s", many(b.reads, "data source")), Unit: unitMemory,
		Limit: limit{Ratio: 1.25},
	}
	if runtime.GOOS != "linux" {
		measured.Missing = "It is read from the /proc of Linux."
		return []row{measured}, nil
	}
	s, err := b.store(ctx, "memory")
	if err != nil {
		return nil, err
	}
	cheapest, err := b.copyProject("memory-cheapest", nameCheapest, b.programs.cheapest)
	if err != nil {
		return nil, err
	}
	var ours, rivals []int64
	for range min(b.runs, slowRuns) {
		for _, one := range []struct {
			program program
			peaks   *[]int64
			plan    func() (sample, error)
		}{
			{b.programs.ours, &ours, func() (sample, error) { return s.plan(ctx, s.plans, b.apps) }},
			{b.programs.cheapest, &rivals, func() (sample, error) { return cheapest.plan(ctx) }},
		} {
			peak, err := watch(one.program.path, one.plan)
			if err != nil {
				return nil, fmt.Errorf("memory of %s: %w", one.program.name, err)
			}
			b.say("memory of %s: %d KiB", one.program.name, peak/1024)
			*one.peaks = append(*one.peaks, peak)
		}
	}
	measured.Ours, measured.Rival = sized(nameOurs, ours...), sized(nameCheapest, rivals...)
	return []row{measured}, s.remove()
}

// watch runs plan and returns the highest resident memory, in bytes, that a
// process of the program at path had during the plan.
func watch(path string, plan func() (sample, error)) (int64, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() {
		_, err := plan()
		done <- err
	}()
	tick := time.NewTicker(look)
	defer tick.Stop()
	var highest int64
	for {
		select {
		case err := <-done:
			if err == nil && highest == 0 {
				err = fmt.Errorf("no process of %s was seen", filepath.Base(path))
			}
			return highest, err
		case <-tick.C:
			highest = max(highest, peak(path))
		}
	}
}

// peak returns the highest resident memory so far, in bytes, of any process of
// the program; 0 without a process. The system keeps this value, so nothing
// between two readings is missed.
func peak(path string) int64 {
	links, _ := filepath.Glob("/proc/[0-9]*/exe") // the pattern is valid
	var highest int64
	for _, link := range links {
		// This fails for processes of other users, and for one that has just
		// ended.
		if to, err := os.Readlink(link); err != nil || to != path {
			continue
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(link), "status"))
		if err == nil {
			highest = max(highest, highWater(status))
		}
	}
	return highest
}

// highWater reads VmHWM, in bytes, from a process's status; 0 if it has none.
func highWater(status []byte) int64 {
	for line := range bytes.Lines(status) {
		value, ok := bytes.CutPrefix(line, []byte("VmHWM:"))
		if !ok {
			continue
		}
		kibibytes, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(value), []byte("kB")))), 10, 64)
		if err == nil {
			return kibibytes * 1024
		}
	}
	return 0
}

// size compares the programs' files.
func (b *bench) size(context.Context) ([]row, error) {
	return []row{{
		ID: "size", What: "size of the program", Unit: unitMemory,
		Ours: sized(nameOurs, b.programs.ours.size), Rival: sized(nameCheapest, b.programs.cheapest.size),
	}}, nil
}
