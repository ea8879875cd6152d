package token

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// offer is a candidate on its way to become an answer.
type offer struct {
	Resolution
	minted bool
	// from and broad are the candidate's.
	from  string
	broad bool
	// sequence is the number of a stored token's acquisition.
	sequence Sequence
	// recent says that another process acquired it during this flight: it was
	// not revoked since.
	recent bool
}

// descent is one flight's way down the chain.
type descent struct {
	*Resolver
	flight     *flight
	generation Generation
	// unknown is why the generation could not be read, nil where it was.
	unknown  error
	failure  *NoTokenError
	resorts  []offer
	warnings []Warning
	// storage is the link of that name, once it has missed: what is made below it
	// is shared with other processes. Nil where nothing is stored.
	storage Source
	// seen is the number of the acquisition that storage had first.
	seen Sequence
	// locked says that the app's lock was asked for, got or not.
	locked bool
	// unlock gives the app's lock back; nil while it is not held.
	unlock func()
	// unavailable is the first link that mints and missed for now; "" for none.
	unavailable SourceName
	// outOfReach says that Fly refused the stored token because it is for other apps.
	outOfReach bool
	// known are the misses of links that another process has asked already.
	known []Attempt
}

// walk descends the chain until a link has a fresh token.
func (r *Resolver) walk(f *flight) (Resolution, error) {
	d := &descent{Resolver: r, flight: f, failure: &NoTokenError{Request: f.request}}
	d.begin()
	defer d.ascend()
	for _, src := range r.sources {
		if res, ok := d.staleStored(src); ok {
			return res, nil
		}
		if res, done, err := d.step(src); done {
			return res, err
		}
		if src.Name() == SourceStorage && r.stores() {
			d.storage = src
		}
	}
	return d.lastResort()
}

// step asks one link. Before the first that makes a token it takes the app's
// lock, so that of many cold processes one acquires and the others find what it
// has stored. The slot comes before the lock: who holds the lock keeps others
// waiting for no longer than a call takes, however long its own queue is.
func (d *descent) step(src Source) (res Resolution, done bool, err error) {
	if d.skips(src) {
		return Resolution{}, false, nil
	}
	release, err := d.slot(src)
	if err != nil {
		return d.missed(src, err)
	}
	if d.storage != nil && !d.locked && d.makes(src) {
		d.lock()
		res, done, err = d.again()
		if done || d.skips(src) {
			release()
			return res, done, err
		}
	}
	return d.visit(src, release)
}

// slot waits for a slot of the link's, where it has any. The wait is nobody's
// time.
func (d *descent) slot(src Source) (release func(), err error) {
	limiter, ok := src.(Limiter)
	if !ok {
		return func() {}, nil
	}
	resume := d.flight.budget.pause()
	defer resume()
	ctx, ended := d.waitBegan(WaitSlot)
	defer func() { ended(err) }()
	return limiter.Slot(ctx)
}

// visit asks one link. It is done where the link has the answer, or where the
// chain must not go on.
func (d *descent) visit(src Source, release func()) (res Resolution, done bool, err error) {
	ctx, ended := d.linkBegan(src.Name())
	v := Visit{Verdict: VerdictMiss}
	defer func() { ended(v) }()
	o, err := d.offer(ctx, src, release)
	switch {
	case src.Name() != SourceStorage:
	case d.locked:
		o.recent = o.sequence > d.seen
	default:
		d.seen = o.sequence
	}
	if err != nil || d.flight.ctx.Err() != nil {
		v.Err = err
		if err == nil {
			v.Err = context.Cause(d.flight.ctx)
		}
		return d.missed(src, err)
	}
	now := time.Now()
	switch d.freshness(o.Record, o.Source, now) {
	case fresh:
		if err := d.verify(ctx, o); err != nil {
			v = Visit{VerdictRejected, err}
			return d.missed(src, err)
		}
		v.Verdict = VerdictHit
		return d.accept(o), true, nil
	case stale:
		v = Visit{VerdictStale, staleMiss(o.Record, now)}
		d.resorts = append(d.resorts, o)
	case expired:
		v = Visit{VerdictExpired, expiredMiss(o.Source, o.Record)}
	}
	d.failure.miss(src.Name(), v.Err)
	return Resolution{}, false, nil
}

// missed notes why a link has no token, and whether the chain ends with it.
func (d *descent) missed(src Source, err error) (res Resolution, done bool, _ error) {
	if d.flight.ctx.Err() != nil {
		return Resolution{}, true, context.Cause(d.flight.ctx)
	}
	d.failure.miss(src.Name(), err)
	d.noteUnavailable(src.Name(), err)
	if errors.Is(err, ErrStop) {
		return Resolution{}, true, d.failure
	}
	return Resolution{}, false, nil
}

// offer asks one link, and makes what it has prove the access that is asked for.
func (d *descent) offer(ctx context.Context, src Source, release func()) (offer, error) {
	f := d.flight
	c, err := d.ask(ctx, f, src, release)
	if err != nil {
		return offer{}, err
	}
	if err := d.withheld(src.Name(), c); err != nil {
		return offer{}, err
	}
	o := offer{sequence: c.Sequence, from: c.From, broad: c.Broad && f.request.Access == AccessAny}
	if src.Name() == SourceStorage && f.barred && c.Sequence <= f.since {
		return o, &MissError{Reason: "what is stored was acquired before this refresh"}
	}
	if c.Origin == "" {
		c.Origin = src.Name()
	}
	c.Record = withExpiry(c.Record)
	if f.request.Access != AccessAny {
		if c, err = d.narrow(ctx, f, c); err != nil {
			return o, err
		}
	}
	o.Resolution = Resolution{Record: c.Record, Source: src.Name(), Acquirer: AcquirerGroup, Warnings: c.Warnings}
	o.minted = c.Minted
	return o, nil
}

// narrow makes c prove the access. What has expired is not worth it.
func (r *Resolver) narrow(ctx context.Context, f *flight, c Candidate) (Candidate, error) {
	if r.narrower == nil {
		return c, &MissError{Reason: fmt.Sprintf("no token can be made to prove access %q here", f.request.Access)}
	}
	if !c.ExpiresAt.IsZero() && time.Now().After(c.ExpiresAt) {
		return c, nil // told as such by the caller
	}
	// Not c again: a call that was given up may still read it.
	narrowed, err := guarded(ctx, r.narrower.Timeout(), func(ctx context.Context) (Candidate, error) {
		return r.narrower.Narrow(ctx, f.request, c)
	})
	narrowed.Record = withExpiry(narrowed.Record)
	return narrowed, err
}

// warned returns res with what there is to tell of the way to it.
func (d *descent) warned(res Resolution, more ...Warning) Resolution {
	all := append(res.Warnings[:len(res.Warnings):len(res.Warnings)], d.warnings...)
	res.Warnings = append(all, more...)
	return res
}

func staleMiss(rec Record, now time.Time) error {
	return &MissError{Reason: fmt.Sprintf("the token found is good for another %s, which is less than asked for",
		rec.ExpiresAt.Sub(now).Round(time.Second))}
}

func expiredMiss(name SourceName, rec Record) error {
	fix := ""
	switch name {
	case SourceManual:
		fix = "set another, or remove it"
	case SourceCLI, SourceAPI:
		fix = "check this machine's clock"
	case SourceConfig, SourceEnv:
		fix = "run `fly auth login`, or set another token"
	}
	return &MissError{
		Reason: "the token found expired at " + rec.ExpiresAt.UTC().Format(time.RFC3339),
		Fix:    fix,
		Cause:  ErrExpired,
	}
}

// ask runs one link under its own deadline, and gives its slot back when it is
// through.
func (r *Resolver) ask(ctx context.Context, f *flight, src Source, release func()) (Candidate, error) {
	c, err := guarded(ctx, src.Timeout(), func(ctx context.Context) (Candidate, error) {
		defer release()
		return src.Acquire(ctx, f.request)
	})
	if err == nil && c.Token.IsZero() {
		return c, &MissError{Reason: "it answered without a token: a bug in the provider"}
	}
	return c, err
}
