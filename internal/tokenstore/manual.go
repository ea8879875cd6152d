package tokenstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Manual returns the app's manual record, expired or not. The error is
// [token.ErrNoRecord] if there is none, and otherwise wraps [token.ErrStop].
// The document is unchanged.
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

// CreateManual stores rec as the app's manual record and returns the stored
// record. If an equal token is already stored, its record is kept. For a
// different token the error is [token.ErrManualExists].
func (s *Store) CreateManual(ctx context.Context, app string, rec token.Record) (token.Record, error) {
	var kept token.Record
	err := s.changeManual(ctx, app, func(stored token.Record, extra fields, err error) ([]byte, bool, error) {
		switch {
		case errors.Is(err, token.ErrNoRecord):
			var data []byte
			kept, data, err = encodeManual(app, rec, extra)
			return data, true, err
		case err != nil:
			return nil, false, err
		case stored.Token != rec.Token:
			return nil, false, token.ErrManualExists
		}
		kept = stored
		return nil, false, nil
	})
	return kept, err
}

// SetManual stores rec as the app's manual record and replaces any other. It is
// durable when SetManual returns. A document that cannot be read is not
// replaced, because it may be the only copy of its token.
func (s *Store) SetManual(ctx context.Context, app string, rec token.Record) error {
	return s.changeManual(ctx, app, func(_ token.Record, extra fields, err error) ([]byte, bool, error) {
		if err != nil && !errors.Is(err, token.ErrNoRecord) {
			return nil, false, err
		}
		_, data, err := encodeManual(app, rec, extra)
		return data, true, err
	})
}

// DeleteManual removes the app's manual record if its token has the given
// fingerprint. The error is [token.ErrNoRecord] or [token.ErrManualChanged]
// otherwise.
func (s *Store) DeleteManual(ctx context.Context, app, fingerprint string) error {
	return s.changeManual(ctx, app, func(stored token.Record, _ fields, err error) ([]byte, bool, error) {
		if err != nil {
			return nil, false, err
		}
		if got := stored.Token.Fingerprint(); got != fingerprint {
			return nil, false, fmt.Errorf("%w: its fingerprint is %s", token.ErrManualChanged, got)
		}
		return nil, true, nil
	})
}

func (s *Store) changeManual(ctx context.Context, app string, do func(stored token.Record, extra fields, err error) ([]byte, bool, error)) error {
	if err := ready(ctx, app); err != nil {
		return err
	}
	_, err := s.change(ctx, Doc{app, KindManual}, nil, func(old Document) ([]byte, bool, error) {
		return do(s.decodeManual(app, old))
	})
	return err
}

// encodeManual writes rec and keeps the unknown fields of the replaced record.
func encodeManual(app string, rec token.Record, extra fields) (token.Record, []byte, error) {
	rec = normalize(rec)
	rec.Origin = token.SourceManual
	if err := extra.putRecord(rec, 0); err != nil {
		return token.Record{}, nil, err
	}
	data, err := seal(extra, app)
	return rec, data, err
}
