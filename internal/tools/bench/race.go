package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// contestant is one of those that are measured in turn.
type contestant struct {
	name string
	run  func(context.Context) (sample, error)
}

// race runs the contestants in rounds, the warm-ups first, and returns the samples
// of each. What the machine does besides meets all of them alike; the order within
// a round is drawn, so that what one leaves meets another each time.
func (b *bench) race(ctx context.Context, runs int, contestants ...contestant) ([][]sample, error) {
	samples := make([][]sample, len(contestants))
	for round := range b.warmUps + runs {
		for _, i := range rand.Perm(len(contestants)) {
			c := contestants[i]
			took, err := c.run(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if round < b.warmUps {
				continue
			}
			samples[i] = append(samples[i], took)
			b.say("%s: %s", c.name, took.wall.Round(time.Millisecond))
		}
	}
	return samples, nil
}

// median returns the middle of the values, or what lies halfway between the two
// in the middle. Of no values it is 0.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	switch {
	case len(sorted) == 0:
		return 0
	case len(sorted)%2 == 1:
		return sorted[half]
	default:
		return (sorted[half-1] + sorted[half]) / 2
	}
}

// milliseconds returns d in milliseconds, to the microsecond.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
