package tokenstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// originPattern matches the name of a source. Newer versions may have more
// sources, but the name reaches logs and state.
var originPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
})

// takeRecord moves a record's fields out of an object, and leaves the unknown
// ones. The error wraps [errMalformed].
func (f fields) takeRecord() (token.Record, token.Sequence, error) {
	var (
		rec                token.Record
		seq                token.Sequence
		value, origin, ttl string
	)
	for _, field := range []struct {
		name string
		into any
	}{
		{"sequence", &seq},
		{"token", &value},
		{"origin", &origin},
		{"acquired_at", &rec.AcquiredAt},
		{"expires_at", &rec.ExpiresAt},
		{"ttl", &ttl},
		{"id", &rec.ID},
		{"mint_name", &rec.MintName},
		{"app_id", &rec.AppID},
		{"parent", &rec.Parent},
	} {
		if err := f.take(field.name, field.into); err != nil {
			return token.Record{}, 0, err
		}
	}
	if !originPattern().MatchString(origin) {
		return token.Record{}, 0, fmt.Errorf("%w: its \"origin\" is missing or invalid", errMalformed)
	}
	if ttl != "" {
		var err error
		if rec.TTL, err = time.ParseDuration(ttl); err != nil || rec.TTL <= 0 {
			return token.Record{}, 0, fmt.Errorf("%w: its \"ttl\" is not a duration", errMalformed)
		}
	}
	tok, err := token.Parse(value)
	if err != nil {
		return token.Record{}, 0, fmt.Errorf("%w: %w", errMalformed, err)
	}
	rec.Token, rec.Origin = tok, token.SourceName(origin)
	return normalize(rec), seq, nil
}

// normalize gives a record the form that it has after a round trip, so that the
// returned and the stored record compare equal. Years in JSON have four digits,
// and a macaroon's times in seconds may exceed them.
func normalize(rec token.Record) token.Record {
	first, last := time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, at := range []*time.Time{&rec.AcquiredAt, &rec.ExpiresAt} {
		switch {
		case at.IsZero():
			*at = time.Time{}
			continue
		case at.Before(first):
			*at = first
		case at.After(last):
			*at = last
		}
		*at = at.UTC().Round(0)
	}
	return rec
}

// putRecord replaces a record's fields in an object, and leaves the unknown ones.
func (f fields) putRecord(rec token.Record, seq token.Sequence) error {
	rec = normalize(rec)
	if rec.Token.IsZero() || !originPattern().MatchString(string(rec.Origin)) {
		return errors.New("tokenstore: encode record: it has no token or no origin")
	}
	for _, field := range []struct {
		name  string
		value any
		there bool
	}{
		{"sequence", seq, seq != 0},
		{"token", rec.Token.Reveal(), true},
		{"origin", rec.Origin, true},
		{"acquired_at", rec.AcquiredAt, !rec.AcquiredAt.IsZero()},
		{"expires_at", rec.ExpiresAt, !rec.ExpiresAt.IsZero()},
		{"ttl", rec.TTL.String(), rec.TTL > 0},
		{"id", rec.ID, rec.ID != ""},
		{"mint_name", rec.MintName, rec.MintName != ""},
		{"app_id", rec.AppID, rec.AppID != 0},
		{"parent", rec.Parent, rec.Parent != ""},
	} {
		delete(f, field.name)
		if !field.there {
			continue
		}
		if err := f.put(field.name, field.value); err != nil {
			return err
		}
	}
	return nil
}

// decodeRecord reads a minted record of the state document.
func decodeRecord(raw json.RawMessage) (token.Record, token.Sequence, error) {
	f, err := object(raw)
	if err != nil {
		return token.Record{}, 0, err
	}
	return f.takeRecord()
}

// encodeRecord writes a minted record and keeps the unknown fields of the
// replaced one.
func encodeRecord(rec token.Record, seq token.Sequence, old json.RawMessage) (json.RawMessage, error) {
	f, err := object(old)
	if err != nil {
		f = fields{}
	}
	if err := f.putRecord(rec, seq); err != nil {
		return nil, err
	}
	return json.Marshal(f)
}
