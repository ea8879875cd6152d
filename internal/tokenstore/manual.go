package tokenstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Manual implements [token.Store].
func (s *Store) Manual(ctx context.Context, app string) (token.Record, error) {
	if err := ready(ctx, app); err != nil {
		return token.Record{}, err
	}
	d, err := s.backend.Load(ctx, Doc{app, KindManual})
	if err != nil {
		return token.Record{}, &stopError{err}
	}
	rec, _, err := s.decodeManual(app, d)
	return rec, err
}

// decodeManual returns the record and the fields that this version does not know.
func (s *Store) decodeManual(app string, d Document) (token.Record, fields, error) {
	if d.Absence != nil {
		return token.Record{}, fields{}, fmt.Errorf("%w: %w", token.ErrNoRecord, d.Absence)
	}
	if d.Data == nil {
		return token.Record{}, fields{}, token.ErrNoRecord
	}
	all, err := unseal(d.Data, app)
	var rec token.Record
	if err == nil {
		rec, _, err = all.takeRecord()
	}
	if err != nil {
		return token.Record{}, nil, &stopError{s.contentError("read", Doc{app, KindManual}, err)}
	}
	return rec, all, nil
}

// CreateManual implements [token.Store].
func (s *Store) CreateManual(ctx context.Context, app string, rec token.Record) (token.Record, error) {
	rec = manual(rec)
	kept := rec
	err := s.changeManual(ctx, app, func(stored token.Record, err error) (*token.Record, bool, error) {
		switch {
		case errors.Is(err, token.ErrNoRecord):
			kept = rec
			return &rec, true, nil
		case err == nil && stored.Token != rec.Token:
			err = token.ErrManualExists
		}
		kept = stored
		return nil, false, err
	})
	return kept, err
}

// SetManual implements [token.Store]. A document that cannot be read is not
// replaced, because it may be the only copy of its token.
func (s *Store) SetManual(ctx context.Context, app string, rec token.Record) error {
	rec = manual(rec)
	return s.changeManual(ctx, app, func(_ token.Record, err error) (*token.Record, bool, error) {
		if errors.Is(err, token.ErrNoRecord) {
			err = nil
		}
		return &rec, true, err
	})
}

// DeleteManual implements [token.Store].
func (s *Store) DeleteManual(ctx context.Context, app, fingerprint string) error {
	return s.changeManual(ctx, app, func(stored token.Record, err error) (*token.Record, bool, error) {
		if got := stored.Token.Fingerprint(); err == nil && got != fingerprint {
			err = fmt.Errorf("%w: its fingerprint is %s", token.ErrManualChanged, got)
		}
		return nil, true, err
	})
}

// manual is rec as it is read back.
func manual(rec token.Record) token.Record {
	rec.Origin = token.SourceManual
	return normalize(rec)
}

// changeManual changes the app's manual record, and keeps the unknown fields of the
// replaced one. do returns the new record, nil to remove it, and reports whether it
// changed it.
func (s *Store) changeManual(ctx context.Context, app string, do func(stored token.Record, err error) (*token.Record, bool, error)) error {
	_, err := s.change(ctx, nil, edit{Doc{app, KindManual}, func(_ context.Context, old Document) ([]byte, bool, error) {
		stored, all, err := s.decodeManual(app, old)
		rec, changed, err := do(stored, err)
		if err != nil || !changed || rec == nil {
			return nil, changed, err
		}
		if err := all.putRecord(*rec, 0); err != nil {
			return nil, false, err
		}
		data, err := seal(all, app)
		return data, true, err
	}})
	return err
}
