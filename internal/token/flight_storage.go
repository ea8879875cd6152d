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
	return r.cfg.Store != nil && slices.ContainsFunc(r.cfg.Sources, func(src Source) bool { return src.Name() == SourceStorage })
}

// makes reports whether asking the source may give a token to store: one that
// it mints, or one that is narrowed to the requested access.
func (f *flight) makes(src Source) bool {
	return mints(src.Name()) || f.request.Access != AccessAny && src.Name() != SourceStorage
}

// mints reports whether a source mints, which takes time.
func mints(name SourceName) bool { return name == SourceCLI || name == SourceAPI }

// load reads storage, unless it has been read.
func (f *flight) load(ctx context.Context, limit time.Duration) {
	if f.stored != nil {
		return
	}
	read := func(ctx context.Context) (Stored, error) { return f.cfg.Store.Load(ctx, f.request) }
	if f.request.App == "" {
		read = func(ctx context.Context) (Stored, error) { return f.loadShared(ctx, f.group, f.request, limit) }
	}
	stored, err := guarded(ctx, limit, read)
	f.stored, f.unread = &stored, err
	f.seen, f.missesSeen = stored.Sequence, stored.MissesAt
	if err != nil {
		f.seen, f.missesSeen = math.MaxUint64, math.MaxUint64
	}
}

// fromStorage is the source "storage".
func (f *flight) fromStorage(ctx context.Context, limit time.Duration) (Candidate, error) {
	if f.shareable(f.request) && !f.triedShared {
		f.slug = f.request.Organization
		if f.slug == "" {
			f.load(ctx, limit)
			f.slug = f.stored.Organization
		}
		if f.slug != "" {
			return f.sharedFromStorage(ctx, limit)
		}
	}
	f.load(ctx, limit)
	return f.candidate(*f.stored, f.unread)
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

// takeClaim waits until no other process acquires for the app. The wait does
// not count as the flight's time. Without a claim the flight continues: too many
// tokens are better than none. A claim that comes too late ends at once, because it would
// last as long as this process.
func (f *flight) takeClaim() {
	type outcome struct {
		claim Claim
		err   error
	}
	f.tried = true
	defer f.budget.pause()()
	patience := f.patience()
	waiting, ended := f.cfg.Observer.Wait(f.ctx, f.asker, WaitLock)
	ctx, cancel := context.WithTimeoutCause(waiting, patience,
		fmt.Errorf("another process has held it for %s", patience))
	defer cancel()
	came := make(chan outcome, 1)
	go func() {
		claim, err := f.cfg.Store.Claim(ctx, f.request)
		came <- outcome{claim, err}
	}()
	var got outcome
	select {
	case got = <-came:
	case <-ctx.Done():
		got.err = context.Cause(ctx)
		go func() {
			if late := <-came; late.err == nil {
				_ = late.claim.Release(context.WithoutCancel(ctx), nil, false) // it ends with the process
			}
		}()
	}
	ended(got.err)
	switch {
	case got.err == nil:
		f.claim = got.claim
	case f.ctx.Err() != nil, errors.Is(got.err, ErrUnwritable):
	default:
		f.warnings = append(f.warnings, Warning{
			Summary: "Fly Token Storage Cannot Be Locked",
			Detail:  "Other processes that need the same token may acquire a separate one: " + got.err.Error() + ".",
		})
	}
}

// claimed reads storage again under the claim: another process may have stored a token,
// or its misses, while this one waited. Sources that have just missed there are not asked
// again. If no source remains that mints, the claim ends, because all processes may ask
// the others at once.
func (f *flight) claimed() *result {
	if f.claim == nil {
		return f.left()
	}
	stored := f.claim.Stored()
	f.stored, f.unread = &stored, nil
	f.stales = slices.DeleteFunc(f.stales, func(c Candidate) bool { return c.source == SourceStorage })
	if slices.ContainsFunc(f.failure.Attempts, func(a Attempt) bool { return a.Source == SourceStorage }) {
		if r := f.visitStorage(); r != nil {
			return r
		}
	}
	if stored.MissesAt > f.missesSeen {
		f.knownMisses = stored.Misses
	}
	if len(f.knownMisses) > 0 && !slices.ContainsFunc(f.sources, func(src Source) bool {
		return mints(src.Name()) && f.knownMiss(src.Name()) == nil
	}) {
		f.release(false)
	}
	if f.claim != nil && len(stored.Announced) > 0 && f.cfg.Recover != nil {
		_, _ = guarded(f.ctx, verifyTimeout, func(ctx context.Context) (struct{}, error) {
			f.cfg.Recover(ctx, f.request.Place(), stored.Announced)
			return struct{}{}, nil
		})
	}
	return nil
}

// visitStorage asks the source "storage" again, if it is used.
func (f *flight) visitStorage() *result {
	for _, src := range f.sources {
		if src.Name() == SourceStorage {
			return f.visit(src, func() {})
		}
	}
	return nil
}

// patience bounds the wait for a claim: by the time that its holder may take
// for the sources after storage and the checks of their tokens.
func (f *flight) patience() time.Duration {
	limit := flightMargin + verifyTimeout + linkGrace
	if f.cfg.Verifier != nil {
		limit += verifyTimeout + linkGrace
	}
	if f.cfg.Narrower != nil {
		limit += f.cfg.Narrower.Timeout() + linkGrace
	}
	for _, src := range f.sources {
		if src.Name() != SourceStorage {
			limit += src.Timeout() + linkGrace
		}
	}
	return limit
}

// skips records the recent miss of a source in another process, and is false if
// the source must be asked.
func (f *flight) skips(src Source) bool {
	miss := f.knownMiss(src.Name())
	if miss != nil {
		f.failure.miss(src.Name(), miss)
		f.noteUnavailable(src.Name(), miss)
	}
	return miss != nil
}

// knownMiss returns the recent miss of a source in another process, or nil if
// the source must be asked.
func (f *flight) knownMiss(name SourceName) error {
	for _, a := range f.knownMisses {
		if a.Source == name {
			return a.Err
		}
	}
	return nil
}

// release ends the claim without a token, and stores the misses of the sources
// that mint for the waiting processes. The mint stays announced if it is uncertain,
// or if no caller receives its token.
func (f *flight) release(uncertain bool) {
	claim := f.claim
	if claim == nil {
		return
	}
	unowned := f.unowned
	f.claim, f.unowned = nil, false
	var misses []Attempt
	for _, a := range f.failure.Attempts {
		if mints(a.Source) && f.knownMiss(a.Source) == nil && f.ctx.Err() == nil {
			misses = append(misses, Attempt{
				Source: a.Source,
				Err:    &MissError{Reason: oneLine(a.Err.Error()), Temporary: IsTemporary(a.Err)},
			})
		}
	}
	// If misses cannot be stored, the next process asks the sources again.
	_, _ = guarded(context.WithoutCancel(f.ctx), saveTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, claim.Release(ctx, misses, uncertain || unowned)
	})
}
