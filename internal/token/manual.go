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
	return withExpiry(rec), err
}

// SetManual replaces the app's manual token with tok, which is durable when SetManual
// returns. After an error, the previous token is still stored.
// The error wraps [ErrExpired] for a token that is past its own expiry, and
// [ErrMalformed] for one that is not whole.
func (r *Resolver) SetManual(ctx context.Context, app string, tok Token) (Record, error) {
	return r.putManual(app, tok, func(rec Record) (Record, error) { return rec, r.cfg.Store.SetManual(ctx, app, rec) })
}

// CreateManual is [Resolver.SetManual] for an app that has no manual token yet.
// An equal one is adopted as it is. For a different one the error is
// [ErrManualExists].
func (r *Resolver) CreateManual(ctx context.Context, app string, tok Token) (Record, error) {
	return r.putManual(app, tok, func(rec Record) (Record, error) { return r.cfg.Store.CreateManual(ctx, app, rec) })
}

// DeleteManual removes the app's manual token if it has the given fingerprint.
// The error is [ErrNoRecord] or [ErrManualChanged] otherwise.
func (r *Resolver) DeleteManual(ctx context.Context, app, fingerprint string) error {
	if err := r.manualReady(app); err != nil {
		return err
	}
	err := r.cfg.Store.DeleteManual(ctx, app, fingerprint)
	if err == nil {
		r.manualChanged(app)
	}
	return err
}

func (r *Resolver) manualReady(app string) error {
	if r.cfg.Store == nil {
		return ErrNoStore
	}
	return ValidateApp(app)
}

// putManual stores a token that is whole and has not expired.
func (r *Resolver) putManual(app string, tok Token, put func(Record) (Record, error)) (Record, error) {
	err := r.manualReady(app)
	if err == nil {
		err = tok.Check()
	}
	if err != nil {
		return Record{}, err
	}
	now := time.Now().UTC().Round(0)
	rec := withExpiry(Record{Token: tok, Origin: SourceManual, AcquiredAt: now})
	if !rec.ExpiresAt.IsZero() && now.After(rec.ExpiresAt) {
		return Record{}, fmt.Errorf("%w: at %s", ErrExpired, rec.ExpiresAt.UTC().Format(time.RFC3339))
	}
	if rec, err = put(rec); err != nil {
		return Record{}, err
	}
	r.manualChanged(app)
	return withExpiry(rec), nil
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
