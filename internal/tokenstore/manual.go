package tokenstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Manual returns the app's manual record, expired or not. The error is
// [token.ErrNoRecord] when there is none, and otherwise a [*ReadError] that wraps
// [token.ErrStop]; the file stays as it is.
func (s *Store) Manual(ctx context.Context, app string) (token.Record, error) {
	if err := ready(ctx, app); err != nil {
		return token.Record{}, err
	}
	c, _, err := s.readManual(app)
	return c.record, err
}

// readManual returns the record and its bytes.
func (s *Store) readManual(app string) (content, []byte, error) {
	path := s.manualPath(app)
	data, err := s.readFile(app, path)
	var unreadable *ReadError
	if errors.As(err, &unreadable) {
		unreadable.manual = true
	}
	if err != nil {
		return content{}, nil, err
	}
	c, err := decode(data, identity{app: app})
	if err != nil {
		return content{}, nil, &ReadError{Path: path, Err: err, manual: true}
	}
	return c, data, nil
}

// CreateManual keeps rec as the app's manual record and returns what is then on
// disk. An equal token that stands there already is adopted as it is; for
// another one the error is [token.ErrManualExists]. It is a [*ReadError] or a
// [*WriteError] otherwise.
func (s *Store) CreateManual(ctx context.Context, app string, rec token.Record) (token.Record, error) {
	var kept token.Record
	err := s.change(ctx, app, func() error {
		standing, _, err := s.readManual(app)
		switch {
		case errors.Is(err, token.ErrNoRecord):
			kept, err = s.writeManual(app, rec, content{}, nil)
			return err
		case err != nil:
			return err
		case standing.record.Token != rec.Token:
			return token.ErrManualExists
		}
		kept = standing.record
		return nil
	})
	return kept, err
}

// SetManual keeps rec as the app's manual record, in place of what stood there.
// The record and its folder are synced when it returns. One that cannot be read
// is not replaced, for it may be the only copy of what it holds: the error is
// then a [*ReadError], and a [*WriteError] otherwise.
func (s *Store) SetManual(ctx context.Context, app string, rec token.Record) error {
	return s.change(ctx, app, func() error {
		standing, data, err := s.readManual(app)
		if err != nil && !errors.Is(err, token.ErrNoRecord) {
			return err
		}
		_, err = s.writeManual(app, rec, standing, data)
		return err
	})
}

// writeManual keeps rec beside the unknown fields of the record it replaces.
func (s *Store) writeManual(app string, rec token.Record, standing content, old []byte) (token.Record, error) {
	rec = normalize(rec)
	rec.Origin = token.SourceManual
	data, err := encode(content{record: rec, extra: standing.extra}, identity{app: app})
	if err != nil {
		return token.Record{}, err
	}
	if err := s.replace(s.manualPath(app), old, data); err != nil {
		return token.Record{}, err
	}
	return rec, nil
}

// DeleteManual removes the app's manual record if its token has the given
// fingerprint. The error is [token.ErrNoRecord] or [token.ErrManualChanged]
// otherwise, a [*ReadError], or a [*WriteError]. The app's folder stays: its lock
// and its generation must outlive the records.
func (s *Store) DeleteManual(ctx context.Context, app, fingerprint string) error {
	// Where there is nothing to delete, nothing is created either.
	if _, err := s.Manual(ctx, app); err != nil {
		return err
	}
	return s.change(ctx, app, func() error {
		standing, data, err := s.readManual(app)
		if err != nil {
			return err
		}
		if got := standing.record.Token.Fingerprint(); got != fingerprint {
			return fmt.Errorf("%w: its fingerprint is %s", token.ErrManualChanged, got)
		}
		path := s.manualPath(app)
		if err := s.remove(path); err != nil {
			return err
		}
		if err := s.syncFolder(s.folder(app)); err != nil {
			s.restore(path, data)
			return err
		}
		return nil
	})
}
