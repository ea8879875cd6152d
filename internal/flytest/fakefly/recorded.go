package fakefly

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// recording holds the real flyctl's output for each of its failures, against a
// loopback API. It names the version of flyctl.
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

// RecordedRuns returns the names of the recorded failures, sorted.
func RecordedRuns() []string { return slices.Sorted(maps.Keys(recorded())) }

// Recorded returns the behaviour of the real flyctl in the recorded failure
// with that name, for example "deploy 429". It panics for an unknown name.
func Recorded(name string) Behaviour {
	r, ok := recorded()[name]
	if !ok {
		panic("fakefly: no recorded run is named " + name)
	}
	return Behaviour{Status: r.Exit, Stderr: r.Stderr}
}

// answered returns a recorded failure with a different final answer of the API.
func answered(name, answer string) Behaviour {
	b := Recorded(name)
	end := strings.LastIndex(b.Stderr, "} }: ")
	if end < 0 {
		panic("fakefly: no query in the recorded run " + name)
	}
	b.Stderr = b.Stderr[:end] + "} }: " + answer + "\n"
	return b
}
