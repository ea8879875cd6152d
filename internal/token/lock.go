package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// makes reports whether asking the link may end in a token that is stored: one
// that it mints, or one that is narrowed to the access asked for.
func (d *descent) makes(src Source) bool {
	return mints(src.Name()) || d.flight.request.Access != AccessAny
}

// mints reports whether a link mints, which takes its time.
func mints(name SourceName) bool { return name == SourceCLI || name == SourceAPI }

// lock waits until no other process acquires for the app. The wait is not the
// flight's own time. A lock that cannot be had is done without: more tokens may
// then be minted than are needed, which is better than none.
func (d *descent) lock() {
	d.locked = true
	resume := d.flight.budget.pause()
	defer resume()
	patience := d.patience()
	waiting, ended := d.waitBegan(WaitLock)
	ctx, cancel := context.WithTimeoutCause(waiting, patience,
		fmt.Errorf("another process has held it for %s", patience))
	defer cancel()
	unlock, err := d.await(ctx)
	ended(err)
	switch {
	case err == nil:
		d.unlock = unlock
	case d.flight.ctx.Err() != nil, errors.Is(err, ErrUnwritable):
	default:
		d.warnings = append(d.warnings, Warning{
			Summary: "Fly Token Storage Cannot Be Locked",
			Detail:  "Other processes that need the same token may acquire one of their own: " + err.Error() + ".",
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
// for the links below storage, and for what is done to their tokens.
func (d *descent) patience() time.Duration {
	limit := flightMargin
	if d.verifier != nil {
		limit += verifyTimeout + linkGrace
	}
	if d.narrower != nil {
		limit += d.narrower.Timeout() + linkGrace
	}
	below := false
	for _, src := range d.sources {
		if below {
			limit += src.Timeout() + linkGrace
		}
		below = below || src == d.storage
	}
	return limit
}

// again looks into storage once more, and takes over what the last holder of the
// lock found out while this flight waited: links that mint are not asked again
// for what they have just failed at. With nothing left to mint, the lock is given
// back: what the other links have, every process may ask them at once.
func (d *descent) again() (res Resolution, done bool, err error) {
	d.resorts = slices.DeleteFunc(d.resorts, func(o offer) bool { return o.Source == SourceStorage })
	if res, done, err = d.visit(d.storage, func() {}); done {
		return res, done, err
	}
	d.known = d.told()
	if d.unlock != nil && len(d.known) > 0 && !slices.ContainsFunc(d.sources, func(src Source) bool {
		return mints(src.Name()) && d.knownMiss(src.Name()) == nil
	}) {
		d.unlock()
		d.unlock = nil
	}
	return res, done, err
}

// told returns what another process has told of its failure since this call, or
// its run, began.
func (d *descent) told() []Attempt {
	type telling struct {
		misses []Attempt
		seq    Sequence
	}
	t, err := guarded(d.flight.ctx, saveTimeout, func(ctx context.Context) (t telling, err error) {
		t.misses, t.seq, err = d.store.Misses(ctx, d.flight.request)
		return t, err
	})
	if err != nil || t.seq <= d.flight.since {
		return nil
	}
	return t.misses
}

// skips notes why a link missed a moment ago in another process, and is false
// where it has to be asked.
func (d *descent) skips(src Source) bool {
	miss := d.knownMiss(src.Name())
	if miss != nil {
		d.failure.miss(src.Name(), miss)
		d.noteUnavailable(src.Name(), miss)
	}
	return miss != nil
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
			misses = append(misses, Attempt{
				Source: a.Source,
				Err:    &MissError{Reason: oneLine(a.Err.Error()), Temporary: isTemporary(a.Err)},
			})
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
