package token

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// found is a candidate that may become the answer.
type found struct {
	Resolution
	minted bool
	// from and broad are the candidate's.
	from  string
	broad bool
}

// walk is one flight's pass through the sources.
type walk struct {
	*Resolver
	flight   *flight
	failure  *NoTokenError
	stales   []found
	warnings []Warning

	// stored is the content of storage at the last read; nil before the first one.
	// unread is why that read failed; nil if it did not.
	stored *Stored
	unread error
	// seen and missesSeen are the numbers of the record and of the misses at the
	// flight's first read. Greater ones were stored while it waited.
	seen, missesSeen Sequence
	// claim is nil while none is held. tried is set after an attempt to get it.
	claim Claim
	tried bool
	// unowned means that a token was minted under the claim, and that no caller has
	// it yet.
	unowned bool
	// knownMisses are the misses of sources that another process has just
	// asked.
	knownMisses []Attempt

	// unavailable is the first source that mints and failed temporarily, or "".
	unavailable SourceName
	// outOfReach means that Fly refused the stored token because it is for
	// other apps.
	outOfReach bool
	// unreachable is the fingerprint of a refused token that apps share.
	unreachable string
	// slug is the organization whose token the app shares; "" while it is unknown.
	slug string
	// unconfirmed means that the app may not belong to the organization whose token it
	// shares, because it cannot be looked up.
	unconfirmed bool
	// refused means that Fly refused the token of the app's organization for the app.
	refused bool
	// triedShared is set after an attempt to mint for the organization.
	triedShared bool
}

// walk asks the sources until one has a fresh token.
func (r *Resolver) walk(f *flight) (Resolution, error) {
	w := &walk{Resolver: r, flight: f, failure: &NoTokenError{request: f.request}}
	defer func() { w.release(false) }()
	if r.stores() && f.sources[0].Name() != SourceStorage && !(w.shareable(f.request) && f.request.Organization != "") {
		w.load(f.ctx, saveTimeout) // its generation is that of the flight's beginning
	}
	for _, src := range f.sources {
		if res, ok := w.staleStored(src); ok {
			return res, nil
		}
		if res, done, err := w.step(src); done {
			return res, err
		}
	}
	if f.request.App == "" {
		return Resolution{}, w.failure // a token that many apps share is fresh
	}
	return w.lastResort()
}

// step asks one source. Before the first that makes a token it claims the app: of many
// cold processes one acquires, and the others find its token in storage. The slot comes
// before the claim, so that other processes wait for one call and not for this
// process's queue.
func (w *walk) step(src Source) (res Resolution, done bool, err error) {
	if w.skips(src) {
		return Resolution{}, false, nil
	}
	if w.shares(src) {
		return w.stepShared(src)
	}
	release, err := w.slot(src)
	if err != nil {
		return w.missed(src, err)
	}
	if !w.tried && w.stores() && w.makes(src) {
		if res, done, err = w.claimed(); done || w.skips(src) {
			release()
			return res, done, err
		}
	}
	return w.visit(src, release)
}

// slot waits for a slot of the source's, if it has any. The wait is part of
// no deadline.
func (w *walk) slot(src Source) (release func(), err error) {
	limiter, ok := src.(Limiter)
	if !ok {
		return func() {}, nil
	}
	resume := w.flight.budget.pause()
	defer resume()
	ctx, ended := w.waitBegan(WaitSlot)
	defer func() { ended(err) }()
	return limiter.Slot(ctx)
}

// visit asks one source. done means that the source has the answer, or that the
// resolution must end.
func (w *walk) visit(src Source, release func()) (res Resolution, done bool, err error) {
	ctx, ended := w.linkBegan(src.Name())
	v := Visit{Verdict: VerdictMiss}
	defer func() { ended(v) }()
	c, err := w.find(ctx, src, release)
	if err != nil || w.flight.ctx.Err() != nil {
		v.Err = err
		if err == nil {
			v.Err = context.Cause(w.flight.ctx)
		}
		return w.missed(src, err)
	}
	now := time.Now()
	switch w.freshness(c.Record, c.Source, now) {
	case fresh:
		if err := w.verify(ctx, c); err != nil {
			v = Visit{VerdictRejected, err}
			return w.missed(src, err)
		}
		v.Verdict = VerdictHit
		if res, done, err = w.accept(c); !done {
			v = Visit{VerdictMiss, ErrClaimLost}
		}
		return res, done, err
	case stale:
		v = Visit{VerdictStale, staleMiss(c.Record, now)}
		w.stales = append(w.stales, c)
		w.unowned = false // a caller may receive it
	case expired:
		v = Visit{VerdictExpired, expiredMiss(c.Source, c.Record)}
		return w.missed(src, v.Err)
	}
	w.failure.miss(src.Name(), v.Err)
	return Resolution{}, false, nil
}

// missed records a source's reason for having no token, and returns whether the
// resolution ends.
func (w *walk) missed(src Source, err error) (res Resolution, done bool, _ error) {
	if w.flight.ctx.Err() != nil {
		w.release(errors.Is(err, ErrMintUncertain) || mints(src.Name()))
		return Resolution{}, true, context.Cause(w.flight.ctx)
	}
	w.failure.miss(src.Name(), err)
	w.noteUnavailable(src.Name(), err)
	if (errors.Is(err, ErrMintUncertain) || w.unowned) && w.claim != nil {
		// The name stays announced, and the next source mints under a new one.
		w.release(true)
		w.tried = false
	}
	if errors.Is(err, ErrStop) {
		return Resolution{}, true, w.failure
	}
	return Resolution{}, false, nil
}

// find asks one source, and makes its token prove the requested access.
func (w *walk) find(ctx context.Context, src Source, release func()) (found, error) {
	f := w.flight
	c, err := w.ask(ctx, src, release)
	if err != nil {
		return found{}, err
	}
	w.unowned = w.unowned || mints(src.Name())
	if err := w.withheld(src.Name(), c); err != nil {
		return found{}, err
	}
	o := found{from: c.From, broad: c.Broad && f.request.Access == AccessAny}
	if c.Origin == "" {
		c.Origin = src.Name()
	}
	c.Record = withExpiry(c.Record)
	if f.request.Access != AccessAny {
		if c, err = w.narrow(ctx, f, c); err != nil {
			return o, err
		}
	}
	o.Resolution = Resolution{
		Record: c.Record, Source: src.Name(), Acquirer: AcquirerGroup, SharedWith: c.sharedWith, Warnings: c.Warnings,
		sequence: c.sequence,
		recent:   c.recent || mints(src.Name()) || src.Name() == SourceStorage && w.isRecent(c.sequence),
	}
	o.minted = c.Minted
	return o, nil
}

// narrow makes c prove the access, unless it has expired.
func (r *Resolver) narrow(ctx context.Context, f *flight, c Candidate) (Candidate, error) {
	if r.narrower == nil {
		return c, &MissError{Reason: fmt.Sprintf("access %q is unsupported here", f.request.Access)}
	}
	if !c.ExpiresAt.IsZero() && time.Now().After(c.ExpiresAt) {
		return c, nil // the caller reports it
	}
	// Not into c, because an abandoned call may still read it.
	narrowed, err := guarded(ctx, r.narrower.Timeout(), func(ctx context.Context) (Candidate, error) {
		return r.narrower.Narrow(ctx, f.request, c)
	})
	narrowed.Record = withExpiry(narrowed.Record)
	return narrowed, err
}

// warned returns res with the warnings of the resolution.
func (w *walk) warned(res Resolution, more ...Warning) Resolution {
	all := append(res.Warnings[:len(res.Warnings):len(res.Warnings)], w.warnings...)
	res.Warnings = append(all, more...)
	return res
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
func (w *walk) ask(ctx context.Context, src Source, release func()) (Candidate, error) {
	if src.Name() == SourceStorage && w.stores() {
		defer release()
		return w.fromStorage(ctx, src.Timeout())
	}
	claim := w.claim
	c, err := guarded(ctx, src.Timeout(), func(ctx context.Context) (Candidate, error) {
		defer release()
		if minter, ok := src.(Minter); ok && claim != nil {
			return minter.Mint(ctx, w.flight.request, claim.MintName())
		}
		return src.Acquire(ctx, w.flight.request)
	})
	if err == nil && c.Token.IsZero() {
		return c, &MissError{Reason: "it answered without a token: this is a bug in the provider"}
	}
	return c, err
}
