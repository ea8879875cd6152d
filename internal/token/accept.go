package token

import (
	"context"
	"errors"
)

// keyUnsaved makes the warnings of a run about storage that keeps nothing count as one.
const keyUnsaved = "unsaved"

// accept stores a minted token, and returns the answer. A token that cannot be
// stored stays in memory, with a warning.
func (w *walk) accept(c found) (res Resolution, done bool, err error) {
	if c.broad && c.Token.IsOAuth() {
		return w.warned(c.Resolution, w.wholeAccount(c)), true, nil
	}
	if c.SharedWith != "" {
		w.noteOrganization(c.SharedWith)
	}
	if !c.minted || c.Source == SourceStorage || !w.stores() {
		return w.warned(c.Resolution), true, nil
	}
	c.TTL = w.tokenTTL
	claim := w.claim
	w.claim, w.unowned = nil, false
	_, err = guarded(w.flight.ctx, saveTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, w.save(ctx, claim, c.Record)
	})
	switch {
	case err == nil:
	case errors.Is(err, ErrSuperseded):
		w.setSuperseded()
	case errors.Is(err, ErrClaimLost):
		return w.lostClaim(c)
	default:
		return w.warned(c.Resolution, Warning{
			Key:     keyUnsaved,
			Summary: "Unable to Save Fly App Token",
			Detail:  "The token is valid, but it could not be stored. Later runs must acquire a new one: " + err.Error(),
		}), true, nil
	}
	return w.warned(c.Resolution), true, nil
}

// save stores the record and ends the claim, unless the flight was superseded.
// If that is not known, the error says why.
func (w *walk) save(ctx context.Context, claim Claim, rec Record) error {
	f := w.flight
	leave, err := f.group.enterSave(ctx, f)
	if err != nil {
		if claim != nil {
			_ = claim.Release(context.WithoutCancel(ctx), nil, false) // it ends with the process
		}
		return err
	}
	defer leave()
	if claim != nil {
		err = claim.Save(ctx, rec)
	} else {
		err = w.saveUnclaimed(ctx, rec)
	}
	return err
}

// enterSave waits until no other flight of the app saves. The error is
// [ErrSuperseded] if f must not save.
func (g *group) enterSave(ctx context.Context, f *flight) (leave func(), err error) {
	select {
	case g.saving <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if f.superseded {
		<-g.saving
		return nil, ErrSuperseded
	}
	return func() { <-g.saving }, nil
}

// saveUnclaimed stores the record under the generation that the flight read.
func (w *walk) saveUnclaimed(ctx context.Context, rec Record) error {
	var generation Generation
	if w.unread == nil {
		generation = w.stored.Generation
	}
	err := w.store.Save(ctx, w.flight.request, rec, generation)
	if errors.Is(err, ErrSuperseded) && w.unread != nil {
		// It is unknown whether it was superseded, so nothing is kept.
		w.setSuperseded()
		return w.unread
	}
	return err
}

// lostClaim revokes a token that another process may revoke at any time, and looks
// for the one that the other process stored.
func (w *walk) lostClaim(c found) (res Resolution, done bool, err error) {
	_ = w.discarded(w.flight.ctx, c) // the other process revokes it, too
	w.stored, w.tried = nil, false
	for _, src := range w.flight.sources {
		if src.Name() == SourceStorage {
			if res, done, err = w.visit(src, func() {}); done {
				return res, done, err
			}
		}
	}
	w.failure.miss(c.Source, &MissError{
		Reason: "another process took over the acquisition, because this one did not answer for too long", Fix: "try again", Temporary: true, Cause: ErrClaimLost,
	})
	return Resolution{}, false, nil
}

// discarded revokes a minted token that no caller receives, and reports whether that
// succeeded.
func (w *walk) discarded(ctx context.Context, c found) bool {
	if w.discard == nil {
		return false
	}
	_, err := guarded(ctx, verifyTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, w.discard(ctx, w.flight.request, c.Record)
	})
	return err == nil
}

func (w *walk) setSuperseded() {
	w.flight.group.mu.Lock()
	defer w.flight.group.mu.Unlock()
	w.flight.superseded = true
}
