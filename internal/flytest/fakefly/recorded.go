package fakefly

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// recording is what the real flyctl printed for each of its failures, run against
// a loopback API. It says itself which flyctl that was.
//
//go:embed flyctl-failures.json
var recording []byte

// run is one run of the real flyctl.
type run struct {
	Exit   int
	Stderr string
}

func recorded() map[string]run {
	var all struct{ Runs map[string]run }
	if err := json.Unmarshal(recording, &all); err != nil {
		panic(fmt.Sprintf("fakefly: the recording: %v", err))
	}
	return all.Runs
}

// RecordedRuns returns the names of the failures that were recorded, sorted.
func RecordedRuns() []string { return slices.Sorted(maps.Keys(recorded())) }

// Recorded returns the behaviour of the real flyctl in the recorded failure of
// that name: "deploy 429", say. It panics for a name that was not recorded.
func Recorded(name string) Behaviour {
	r, ok := recorded()[name]
	if !ok {
		panic("fakefly: no recorded run is named " + name)
	}
	return Behaviour{Status: r.Exit, Stderr: r.Stderr}
}

// answered returns a recorded failure with another answer of the API at its end.
func answered(name, answer string) Behaviour {
	b := Recorded(name)
	end := strings.LastIndex(b.Stderr, "} }: ")
	if end < 0 {
		panic("fakefly: no query in the recorded run " + name)
	}
	b.Stderr = b.Stderr[:end] + "} }: " + answer + "\n"
	return b
}
