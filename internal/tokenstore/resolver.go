package tokenstore

import (
	"context"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The resolver's finer steps, until it takes claims and reads storage once.

var _ token.Store = (*Store)(nil)

// Generation returns the app's count of invalidations.
func (s *Store) Generation(ctx context.Context, app string) (token.Generation, error) {
	if err := ready(ctx, app); err != nil {
		return 0, err
	}
	d, err := s.backend.Load(ctx, Doc{app, KindState})
	if err != nil {
		return 0, err
	}
	st, _, err := s.read(app, d.Data)
	if err != nil {
		return 0, err
	}
	return st.generation, nil
}

// Minted returns the record for req, and the number of its acquisition.
func (s *Store) Minted(ctx context.Context, req token.Request) (token.Record, token.Sequence, error) {
	stored, err := s.Load(ctx, req)
	s.keep(req.App, stored.Warnings)
	if err == nil && stored.Record.Token.IsZero() {
		err = token.ErrNoRecord
	}
	return stored.Record, stored.Sequence, err
}

// SaveMinted is [Store.Save].
func (s *Store) SaveMinted(ctx context.Context, req token.Request, rec token.Record, gen token.Generation) error {
	return s.Save(ctx, req, rec, gen)
}

// RemoveMinted is [Store.Remove].
func (s *Store) RemoveMinted(ctx context.Context, req token.Request, fingerprint string) error {
	return s.Remove(ctx, req, fingerprint)
}

// Lock excludes other processes without announcing a mint.
func (s *Store) Lock(ctx context.Context, app string) (unlock func(), err error) {
	if err := ready(ctx, app); err != nil {
		return nil, err
	}
	leave, err := s.enter(ctx, "claim "+app)
	if err != nil {
		return nil, err
	}
	release, _, err := s.backend.Claim(ctx, app)
	if err != nil {
		leave()
		return nil, err
	}
	return func() { release(); leave() }, nil
}

// Misses returns how the latest acquisition for req failed, and its number.
func (s *Store) Misses(ctx context.Context, req token.Request) ([]token.Attempt, token.Sequence, error) {
	stored, err := s.Load(ctx, req)
	s.keep(req.App, stored.Warnings)
	if err == nil && stored.Misses == nil {
		err = token.ErrNoRecord
	}
	return stored.Misses, stored.MissesAt, err
}

// SaveMisses keeps what other processes need not find out for themselves.
func (s *Store) SaveMisses(ctx context.Context, req token.Request, misses []token.Attempt) error {
	_, err := s.changeState(ctx, req.App, nil, func(st *state) (bool, error) {
		now, _, err := s.backend.Now(ctx)
		if err != nil {
			return false, err
		}
		return true, st.miss(s.key(req), misses, now)
	})
	return err
}
