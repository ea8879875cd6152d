package token

import (
	"context"
	"errors"
)

// keyUnsaved makes the warnings of a run about storage that keeps nothing count as one.
const keyUnsaved = "unsaved"

// accept stores a minted token, and returns the answer. A token that cannot be
// stored stays in memory, with a warning.
func (f *flight) accept(c Candidate) *result {
	if c.Broad && c.Token.IsOAuth() {
		return f.answer(c, f.wholeAccount(c))
	}
	if c.sharedWith != "" {
		f.noteOrganization(c.sharedWith)
	}
	if !c.Minted || c.source == SourceStorage || !f.stores() {
		return f.answer(c)
	}
	c.TTL = f.cfg.TokenTTL
	claim := f.claim
	f.claim, f.unowned = nil, false
	_, err := guarded(f.ctx, saveTimeout, func(ctx context.Context) (struct{}, error) {
		leave, err := f.enterSave(ctx)
		if err != nil {
			if claim != nil {
				_ = claim.Release(context.WithoutCancel(ctx), nil, false) // it ends with the process
			}
			return struct{}{}, err
		}
		defer leave()
		if claim == nil {
			return struct{}{}, f.saveUnclaimed(ctx, c.Record)
		}
		return struct{}{}, claim.Save(ctx, c.Record)
	})
	switch {
	case err == nil:
	case errors.Is(err, ErrSuperseded):
		f.setSuperseded()
	case errors.Is(err, ErrClaimLost):
		return f.lostClaim(c)
	default:
		return f.answer(c, Warning{
			Key:     keyUnsaved,
			Summary: "Unable to Save Fly App Token",
			Detail:  "The token is valid, but it could not be stored. Later runs must acquire a new one: " + err.Error(),
		})
	}
	return f.answer(c)
}

// enterSave waits until no other flight of the app saves. The error is
// [ErrSuperseded] if f must not save.
func (f *flight) enterSave(ctx context.Context) (leave func(), err error) {
	select {
	case f.group.saving <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	if f.superseded {
		<-f.group.saving
		return nil, ErrSuperseded
	}
	return func() { <-f.group.saving }, nil
}

// saveUnclaimed stores the record under the generation that the flight read.
func (f *flight) saveUnclaimed(ctx context.Context, rec Record) error {
	var generation Generation
	if f.unread == nil {
		generation = f.stored.Generation
	}
	err := f.cfg.Store.Save(ctx, f.request, rec, generation)
	if errors.Is(err, ErrSuperseded) && f.unread != nil {
		// It is unknown whether it was superseded, so nothing is kept.
		f.setSuperseded()
		return f.unread
	}
	return err
}

// lostClaim revokes a token that another process may revoke at any time, and looks
// for the one that the other process stored.
func (f *flight) lostClaim(c Candidate) *result {
	_ = f.discarded(f.ctx, c) // the other process revokes it, too
	f.stored, f.tried = nil, false
	if r := f.visitStorage(); r != nil {
		return r
	}
	f.failure.miss(c.source, &MissError{
		Reason: "another process took over the acquisition, because this one did not answer for too long", Fix: "try again", Temporary: true, Cause: ErrClaimLost,
	})
	return nil
}

// discarded revokes a minted token that no caller receives, and reports whether that
// succeeded.
func (f *flight) discarded(ctx context.Context, c Candidate) bool {
	if f.cfg.Discard == nil {
		return false
	}
	_, err := guarded(ctx, verifyTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, f.cfg.Discard(ctx, f.request, c.Record)
	})
	return err == nil
}

func (f *flight) setSuperseded() {
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	f.superseded = true
}
