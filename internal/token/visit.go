package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// prepare gets a slot for src. Before the first source that makes a token it claims the
// app: of many cold processes one acquires, and the others find its token in storage.
// The slot comes before the claim, so that other processes wait for one call and not for
// this process's queue. If src is not to be asked, release is nil.
func (f *flight) prepare(src Source) (release func(), r *result) {
	if f.skips(src) {
		return nil, nil
	}
	if f.shares(src) {
		return nil, f.visitShared(src)
	}
	release, err := f.slot(src)
	if err != nil {
		return nil, f.missed(src, err)
	}
	if f.tried || !f.stores() || !f.makes(src) {
		return release, nil
	}
	f.takeClaim()
	if r = f.claimed(); r != nil || f.skips(src) {
		release()
		return nil, r
	}
	return release, nil
}

// slot waits for a slot of the source's, if it has any. The wait is part of
// no deadline.
func (f *flight) slot(src Source) (release func(), err error) {
	limiter, ok := src.(Limiter)
	if !ok {
		return func() {}, nil
	}
	defer f.budget.pause()()
	ctx, ended := f.cfg.Observer.Wait(f.ctx, f.asker, WaitSlot)
	defer func() { ended(err) }()
	return limiter.Slot(ctx)
}

// visit asks one source.
func (f *flight) visit(src Source, release func()) (r *result) {
	ctx, ended := f.cfg.Observer.Link(f.ctx, f.asker, src.Name())
	v := Visit{Verdict: VerdictMiss}
	defer func() { ended(v) }()
	c, err := f.find(ctx, src, release)
	if err == nil {
		err = context.Cause(f.ctx)
	}
	if err != nil {
		v.Err = err
		return f.missed(src, err)
	}
	now := time.Now()
	switch f.freshness(c.Record, c.source, now) {
	case fresh:
		if err := f.verify(ctx, c); err != nil {
			v = Visit{VerdictRejected, err}
			return f.missed(src, err)
		}
		v.Verdict = VerdictHit
		if r = f.accept(c); r == nil {
			v = Visit{VerdictMiss, ErrClaimLost}
		}
		return r
	case stale:
		v = Visit{VerdictStale, staleMiss(c.Record, now)}
		f.stales = append(f.stales, c)
		f.unowned = false // a caller may receive it
	case expired:
		v = Visit{VerdictExpired, expiredMiss(c.source, c.Record)}
		return f.missed(src, v.Err)
	}
	f.failure.miss(src.Name(), v.Err)
	return nil
}

// left is the result of a flight whose context has ended, or nil.
func (f *flight) left() *result {
	if f.ctx.Err() == nil {
		return nil
	}
	return &result{err: context.Cause(f.ctx)}
}

// missed records a source's reason for having no token.
func (f *flight) missed(src Source, err error) *result {
	if r := f.left(); r != nil {
		f.release(errors.Is(err, ErrMintUncertain) || mints(src.Name()))
		return r
	}
	f.failure.miss(src.Name(), err)
	f.noteUnavailable(src.Name(), err)
	if (errors.Is(err, ErrMintUncertain) || f.unowned) && f.claim != nil {
		// The name stays announced, and the next source mints under a new one.
		f.release(true)
		f.tried = false
	}
	if errors.Is(err, ErrStop) {
		return &result{err: f.failure}
	}
	return nil
}

// find asks one source, and makes its token prove the requested access.
func (f *flight) find(ctx context.Context, src Source, release func()) (Candidate, error) {
	c, err := f.ask(ctx, src, release)
	if err != nil {
		return c, err
	}
	f.unowned = f.unowned || mints(src.Name())
	if err := f.withheld(src.Name(), c); err != nil {
		return c, err
	}
	if c.Origin == "" {
		c.Origin = src.Name()
	}
	c.Record = withExpiry(c.Record)
	if f.request.Access != AccessAny {
		if c, err = f.narrow(ctx, c); err != nil {
			return c, err
		}
		c.Broad = false
	}
	c.source = src.Name()
	c.recent = c.recent || mints(c.source) || c.source == SourceStorage && f.claim != nil && c.sequence > f.seen // stored while the flight waited
	return c, nil
}

// narrow makes c prove the access, unless it has expired.
func (f *flight) narrow(ctx context.Context, c Candidate) (Candidate, error) {
	if f.cfg.Narrower == nil {
		return c, &MissError{Reason: fmt.Sprintf("access %q is unsupported here", f.request.Access)}
	}
	if !c.ExpiresAt.IsZero() && time.Now().After(c.ExpiresAt) {
		return c, nil // the caller reports it
	}
	// Not into c, because an abandoned call may still read it.
	narrowed, err := guarded(ctx, f.cfg.Narrower.Timeout(), func(ctx context.Context) (Candidate, error) {
		return f.cfg.Narrower.Narrow(ctx, f.request, c)
	})
	narrowed.Record = withExpiry(narrowed.Record)
	return narrowed, err
}

// answer is the result with a candidate, and the warnings of the flight.
func (f *flight) answer(c Candidate, more ...Warning) *result {
	return &result{Resolution: Resolution{
		Record: c.Record, Source: c.source, Acquirer: AcquirerGroup, SharedWith: c.sharedWith, recent: c.recent, sequence: c.sequence,
		Warnings: slices.Concat(c.Warnings, f.warnings, more),
	}}
}

func staleMiss(rec Record, now time.Time) error {
	return &MissError{Reason: fmt.Sprintf("the token found expires in %s, less than required",
		rec.ExpiresAt.Sub(now).Round(time.Second))}
}

func expiredMiss(name SourceName, rec Record) error {
	fix := ""
	switch name {
	case SourceManual:
		fix = "set a new one, or remove it"
	case SourceCLI, SourceAPI:
		fix = "check this machine's clock"
	case SourceConfig, SourceEnv:
		fix = "run `fly auth login`, or set a different token"
	}
	return &MissError{
		Reason: "the token found expired at " + rec.ExpiresAt.UTC().Format(time.RFC3339),
		Fix:    fix,
		Cause:  ErrExpired,
	}
}

// ask runs one source under its own deadline, and releases its slot at the end.
func (f *flight) ask(ctx context.Context, src Source, release func()) (Candidate, error) {
	if src.Name() == SourceStorage && f.stores() {
		defer release()
		return f.fromStorage(ctx, src.Timeout())
	}
	claim := f.claim
	c, err := guarded(ctx, src.Timeout(), func(ctx context.Context) (Candidate, error) {
		defer release()
		if minter, ok := src.(Minter); ok && claim != nil {
			return minter.Mint(ctx, f.request, claim.MintName())
		}
		return src.Acquire(ctx, f.request)
	})
	if err == nil && c.Token.IsZero() {
		return c, &MissError{Reason: "it answered without a token: this is a bug in the provider"}
	}
	return c, err
}
