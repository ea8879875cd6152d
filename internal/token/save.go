package token

import (
	"context"
	"errors"
	"time"
)

// saveTimeout bounds the writing of one record, which is a few milliseconds'
// work. A disk that hangs costs this much, and the token stays in memory.
const saveTimeout = 8 * time.Second

// stores reports whether minted tokens are kept: where the chain does not read
// storage, nothing is written to it.
func (r *Resolver) stores() bool {
	if r.store == nil {
		return false
	}
	for _, src := range r.sources {
		if src.Name() == SourceStorage {
			return true
		}
	}
	return false
}

// begin notes the app's generation as the flight starts. Where it cannot be read,
// it is taken for that of an app that was never invalidated: storage then knows
// whether it was, and refuses the token if so.
func (d *descent) begin() {
	if !d.stores() {
		return
	}
	d.generation, d.unknown = guarded(d.flight.ctx, saveTimeout, func(ctx context.Context) (Generation, error) {
		return d.store.Generation(ctx, d.flight.request.App)
	})
	if d.unknown != nil {
		d.generation = 0
	}
}

// accept keeps what was minted, and returns the answer. A token that cannot be
// kept is still a token: it stays in memory, with a warning.
func (d *descent) accept(o offer) Resolution {
	if o.broad && o.Token.IsOAuth() {
		return d.warned(o.Resolution, d.wholeAccount(o))
	}
	if !o.minted || o.Source == SourceStorage || !d.stores() {
		return d.warned(o.Resolution)
	}
	o.TTL = d.tokenTTL
	_, err := guarded(d.flight.ctx, saveTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, d.save(ctx, o.Record)
	})
	switch {
	case err == nil:
	case errors.Is(err, ErrSuperseded):
		d.setSuperseded(d.flight)
	default:
		return d.warned(o.Resolution, Warning{
			Summary: "Unable to Save Fly App Token",
			Detail:  "The token is good, but could not be kept for later runs, which will have to acquire another: " + err.Error(),
		})
	}
	return d.warned(o.Resolution)
}

// save writes the record, unless the flight was superseded meanwhile. Where that
// cannot be told, the error is why not.
func (d *descent) save(ctx context.Context, rec Record) error {
	f := d.flight
	select {
	case f.group.saving <- struct{}{}:
		defer func() { <-f.group.saving }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	f.group.mu.Lock()
	superseded := f.superseded
	f.group.mu.Unlock()
	if superseded {
		return ErrSuperseded
	}
	if err := d.store.SaveMinted(ctx, f.request, rec, d.generation); err != nil {
		if errors.Is(err, ErrSuperseded) && d.unknown != nil {
			// It may have been superseded or not: nothing of it is kept.
			d.setSuperseded(f)
			return d.unknown
		}
		return err
	}
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	if !f.superseded {
		delete(f.group.barred, f.request)
	}
	return nil
}

func (r *Resolver) setSuperseded(f *flight) {
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	f.superseded = true
}
