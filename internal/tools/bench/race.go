package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// contestant is one of the programs that are measured in turn.
type contestant struct {
	name string
	run  func(context.Context) (sample, error)
}

// race runs the contestants in rounds, the warm-ups first, and returns the
// samples of each. Rounds spread other load on the machine evenly. The order
// within a round is random, so that the effects of one run fall on different
// contestants.
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

// median returns the median of the values, or 0 for no values.
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
