package token

import (
	"context"
	"fmt"
	"time"
)

// Manual returns the app's manual record, expired or not. The error is
// [ErrNoRecord] if there is none, and wraps [ErrStop] if it cannot be read.
func (r *Resolver) Manual(ctx context.Context, app string) (Record, error) {
	if err := r.manualReady(app); err != nil {
		return Record{}, err
	}
	rec, err := r.cfg.Store.Manual(ctx, app)
	if err != nil {
		return Record{}, err
	}
	return withExpiry(rec), nil
}

// SetManual replaces the app's manual token with tok, which is durable when SetManual
// returns. After an error, the previous token is still stored.
// The error wraps [ErrExpired] for a token that is past its own expiry, and
// [ErrMalformed] for one that is not whole.
func (r *Resolver) SetManual(ctx context.Context, app string, tok Token) (Record, error) {
	rec, err := r.manualRecord(app, tok)
	if err != nil {
		return Record{}, err
	}
	if err := r.cfg.Store.SetManual(ctx, app, rec); err != nil {
		return Record{}, err
	}
	r.manualChanged(app)
	return rec, nil
}

// CreateManual is [Resolver.SetManual] for an app that has no manual token yet.
// An equal one is adopted as it is. For a different one the error is
// [ErrManualExists].
func (r *Resolver) CreateManual(ctx context.Context, app string, tok Token) (Record, error) {
	rec, err := r.manualRecord(app, tok)
	if err != nil {
		return Record{}, err
	}
	kept, err := r.cfg.Store.CreateManual(ctx, app, rec)
	if err != nil {
		return Record{}, err
	}
	r.manualChanged(app)
	return withExpiry(kept), nil
}

// DeleteManual removes the app's manual token if it has the given fingerprint.
// The error is [ErrNoRecord] or [ErrManualChanged] otherwise.
func (r *Resolver) DeleteManual(ctx context.Context, app, fingerprint string) error {
	if err := r.manualReady(app); err != nil {
		return err
	}
	if err := r.cfg.Store.DeleteManual(ctx, app, fingerprint); err != nil {
		return err
	}
	r.manualChanged(app)
	return nil
}

func (r *Resolver) manualReady(app string) error {
	if err := ValidateApp(app); err != nil {
		return err
	}
	if r.cfg.Store == nil {
		return ErrNoStore
	}
	return nil
}

func (r *Resolver) manualRecord(app string, tok Token) (Record, error) {
	if err := r.manualReady(app); err != nil {
		return Record{}, err
	}
	if err := tok.Check(); err != nil {
		return Record{}, err
	}
	now := time.Now().UTC().Round(0)
	rec := withExpiry(Record{Token: tok, Origin: SourceManual, AcquiredAt: now})
	if r.freshness(rec, SourceManual, now) == expired {
		return Record{}, fmt.Errorf("%w: at %s", ErrExpired, rec.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return rec, nil
}

// manualChanged drops the cached answers of the manual token, and those of the
// sources after it.
func (r *Resolver) manualChanged(app string) {
	manual := r.rank(SourceManual)
	r.groupAt(app).supersede(func(e *entry) bool {
		return e.answer.Origin == SourceManual || r.rank(e.answer.Origin) > manual
	})
}

// rank returns a source's position, or the position after the last.
func (r *Resolver) rank(name SourceName) int {
	for i, src := range r.cfg.Sources {
		if src.Name() == name {
			return i
		}
	}
	return len(r.cfg.Sources)
}
