package token

import (
	"context"
	"errors"
	"time"
)

// lock waits until no other process acquires for the app. The wait is not the
// flight's own time. A lock that cannot be had is done without: more tokens may
// then be minted than are needed, which is better than none.
func (d *descent) lock() {
	resume := d.flight.budget.pause()
	defer resume()
	ctx, cancel := context.WithTimeout(d.flight.ctx, d.patience())
	defer cancel()
	unlock, err := d.await(ctx)
	switch {
	case err == nil:
		d.unlock = unlock
	case d.flight.ctx.Err() != nil, errors.Is(err, ErrUnwritable):
	default:
		d.warnings = append(d.warnings, Warning{
			Summary: "Fly Token Storage Cannot Be Locked",
			Detail:  "Other processes that need the same token may acquire one of their own: " + err.Error(),
		})
	}
}

// await returns the lock, or gives it back as soon as it comes too late: nobody
// else would, for as long as this process lives.
func (d *descent) await(ctx context.Context) (unlock func(), err error) {
	type outcome struct {
		unlock func()
		err    error
	}
	came := make(chan outcome, 1)
	go func() {
		unlock, err := d.store.Lock(ctx, d.flight.request.App)
		came <- outcome{unlock, err}
	}()
	select {
	case o := <-came:
		return o.unlock, o.err
	case <-ctx.Done():
		go func() {
			if o := <-came; o.err == nil {
				o.unlock()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// patience is how long the lock is waited for: as long as its holder may take
// for the links below storage.
func (d *descent) patience() time.Duration {
	limit := flightMargin
	below := false
	for _, src := range d.sources {
		if below {
			limit += src.Timeout() + linkGrace
		}
		below = below || src.Name() == SourceStorage
	}
	return limit
}

// learn takes over what the last holder of the lock found out while this flight
// waited: links that mint are not asked again for what they have just failed at.
func (d *descent) learn() {
	misses, seq, err := d.store.Misses(d.flight.ctx, d.flight.request)
	if err == nil && seq > d.flight.since {
		d.known = misses
	}
}

// knownMiss returns why a link missed a moment ago in another process, nil where
// it has to be asked.
func (d *descent) knownMiss(name SourceName) error {
	for _, a := range d.known {
		if a.Source == name {
			return a.Err
		}
	}
	return nil
}

// ascend tells the next holder of the lock which of the links that mint missed,
// and gives the lock back.
func (d *descent) ascend() {
	if d.unlock == nil {
		return
	}
	defer d.unlock()
	var misses []Attempt
	for _, a := range d.failure.Attempts {
		if mints(a.Source) && d.knownMiss(a.Source) == nil {
			misses = append(misses, Attempt{Source: a.Source, Err: errors.New(oneLine(a.Err.Error()))})
		}
	}
	if len(misses) == 0 || d.flight.ctx.Err() != nil {
		return
	}
	// What cannot be told is found out again: slower, and just as right.
	_, _ = guarded(d.flight.ctx, saveTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, d.store.SaveMisses(ctx, d.flight.request, misses)
	})
}

// mints reports whether a link takes its time: the others cost nothing to ask.
func mints(name SourceName) bool { return name == SourceCLI || name == SourceAPI }
