package token

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// saveTimeout bounds the write of one record, which takes a few milliseconds on
// a disk. If a disk hangs, the token stays in memory after this time.
const saveTimeout = 8 * time.Second

// stores reports whether minted tokens are stored. If storage is not among the
// sources, nothing is written to it.
func (r *Resolver) stores() bool {
	return r.store != nil && slices.ContainsFunc(r.sources, func(src Source) bool { return src.Name() == SourceStorage })
}

// makes reports whether asking the source may give a token to store: one that
// it mints, or one that is narrowed to the requested access.
func (w *walk) makes(src Source) bool {
	return mints(src.Name()) || w.flight.request.Access != AccessAny && src.Name() != SourceStorage
}

// mints reports whether a source mints, which takes time.
func mints(name SourceName) bool { return name == SourceCLI || name == SourceAPI }

// load reads storage, unless it has been read.
func (w *walk) load(ctx context.Context, limit time.Duration) {
	if w.stored != nil {
		return
	}
	f := w.flight
	read := func(ctx context.Context) (Stored, error) { return w.store.Load(ctx, f.request) }
	if f.request.App == "" {
		read = func(ctx context.Context) (Stored, error) { return w.loadShared(ctx, f.group, f.request, limit) }
	}
	stored, err := guarded(ctx, limit, read)
	w.stored, w.unread = &stored, err
	w.seen, w.missesSeen = stored.Sequence, stored.MissesAt
	if err != nil {
		w.seen, w.missesSeen = math.MaxUint64, math.MaxUint64
	}
}

// fromStorage is the source "storage".
func (w *walk) fromStorage(ctx context.Context, limit time.Duration) (Candidate, error) {
	if w.shareable(w.flight.request) && !w.triedShared {
		if w.slug = w.home(ctx, limit); w.slug != "" {
			return w.sharedFromStorage(ctx, limit)
		}
	}
	w.load(ctx, limit)
	return w.flight.candidate(*w.stored, w.unread)
}

// candidate is a stored token that the flight may return.
func (f *flight) candidate(stored Stored, unread error) (Candidate, error) {
	c := Candidate{Record: stored.Record, Minted: true, sequence: stored.Sequence}
	switch {
	case unread != nil:
		return c, unread
	case c.Token.IsZero():
		return c, &MissError{Reason: "nothing stored for this request", Cause: ErrNoRecord}
	case f.barred && c.sequence <= f.since.stored:
		return c, &MissError{Reason: "the stored token was acquired before this refresh"}
	default:
		return c, nil
	}
}

// isRecent reports whether a stored token was acquired after the flight first read
// storage.
func (w *walk) isRecent(seq Sequence) bool { return w.claim != nil && seq > w.seen }

// claimed claims the app, and reads storage again: another process may have
// stored a token, or its misses, while this one waited. Sources that have just
// missed there are not asked again. If no source remains that mints, the claim
// ends, because all processes may ask the others at once.
func (w *walk) claimed() (res Resolution, done bool, err error) {
	w.takeClaim()
	if w.claim == nil {
		return Resolution{}, w.flight.ctx.Err() != nil, context.Cause(w.flight.ctx)
	}
	stored := w.claim.Stored()
	w.stored, w.unread = &stored, nil
	w.stales = slices.DeleteFunc(w.stales, func(c found) bool { return c.Source == SourceStorage })
	for _, src := range w.flight.sources {
		if src.Name() == SourceStorage && w.asked(src.Name()) {
			if res, done, err = w.visit(src, func() {}); done {
				return res, done, err
			}
		}
	}
	if stored.MissesAt > w.missesSeen {
		w.knownMisses = stored.Misses
	}
	if len(w.knownMisses) > 0 && !slices.ContainsFunc(w.flight.sources, func(src Source) bool {
		return mints(src.Name()) && w.knownMiss(src.Name()) == nil
	}) {
		w.release(false)
	}
	if w.claim != nil && len(stored.Announced) > 0 && w.recover != nil {
		_, _ = guarded(w.flight.ctx, verifyTimeout, func(ctx context.Context) (struct{}, error) {
			w.recover(ctx, w.flight.request.Place(), stored.Announced)
			return struct{}{}, nil
		})
	}
	return Resolution{}, false, nil
}

// asked reports whether a source has been asked.
func (w *walk) asked(name SourceName) bool {
	return slices.ContainsFunc(w.failure.Attempts, func(a Attempt) bool { return a.Source == name })
}

// takeClaim waits until no other process acquires for the app. The wait does
// not count as the flight's time. Without a claim the walk continues: too many
// tokens are better than none.
func (w *walk) takeClaim() {
	w.tried = true
	resume := w.flight.budget.pause()
	defer resume()
	patience := w.patience()
	waiting, ended := w.waitBegan(WaitLock)
	ctx, cancel := context.WithTimeoutCause(waiting, patience,
		fmt.Errorf("another process has held it for %s", patience))
	defer cancel()
	claim, err := w.awaitClaim(ctx)
	ended(err)
	switch {
	case err == nil:
		w.claim = claim
	case w.flight.ctx.Err() != nil, errors.Is(err, ErrUnwritable):
	default:
		w.warnings = append(w.warnings, Warning{
			Summary: "Fly Token Storage Cannot Be Locked",
			Detail:  "Other processes that need the same token may acquire a separate one: " + err.Error() + ".",
		})
	}
}

// awaitClaim returns the claim, or ends it at once if it comes too late.
// Otherwise it would last as long as this process.
func (w *walk) awaitClaim(ctx context.Context) (Claim, error) {
	type outcome struct {
		claim Claim
		err   error
	}
	came := make(chan outcome, 1)
	go func() {
		claim, err := w.store.Claim(ctx, w.flight.request)
		came <- outcome{claim, err}
	}()
	select {
	case o := <-came:
		return o.claim, o.err
	case <-ctx.Done():
		go func() {
			if o := <-came; o.err == nil {
				_ = o.claim.Release(context.WithoutCancel(ctx), nil, false) // it ends with the process
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// patience bounds the wait for a claim: by the time that its holder may take
// for the sources after storage and the checks of their tokens.
func (w *walk) patience() time.Duration {
	limit := flightMargin + verifyTimeout + linkGrace
	if w.verifier != nil {
		limit += verifyTimeout + linkGrace
	}
	if w.narrower != nil {
		limit += w.narrower.Timeout() + linkGrace
	}
	for _, src := range w.flight.sources {
		if src.Name() != SourceStorage {
			limit += src.Timeout() + linkGrace
		}
	}
	return limit
}

// skips records the recent miss of a source in another process, and is false if
// the source must be asked.
func (w *walk) skips(src Source) bool {
	miss := w.knownMiss(src.Name())
	if miss != nil {
		w.failure.miss(src.Name(), miss)
		w.noteUnavailable(src.Name(), miss)
	}
	return miss != nil
}

// knownMiss returns the recent miss of a source in another process, or nil if
// the source must be asked.
func (w *walk) knownMiss(name SourceName) error {
	for _, a := range w.knownMisses {
		if a.Source == name {
			return a.Err
		}
	}
	return nil
}

// release ends the claim without a token, and stores the misses of the sources
// that mint for the waiting processes. The mint stays announced if it is uncertain,
// or if no caller receives its token.
func (w *walk) release(uncertain bool) {
	claim := w.claim
	if claim == nil {
		return
	}
	unowned := w.unowned
	w.claim, w.unowned = nil, false
	var misses []Attempt
	for _, a := range w.failure.Attempts {
		if mints(a.Source) && w.knownMiss(a.Source) == nil && w.flight.ctx.Err() == nil {
			misses = append(misses, Attempt{
				Source: a.Source,
				Err:    &MissError{Reason: oneLine(a.Err.Error()), Temporary: isTemporary(a.Err)},
			})
		}
	}
	// If misses cannot be stored, the next process asks the sources again.
	_, _ = guarded(context.WithoutCancel(w.flight.ctx), saveTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, claim.Release(ctx, misses, uncertain || unowned)
	})
}
