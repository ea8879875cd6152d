package tokenstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
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

// form is a record as a document has it.
type form struct {
	token.Record
	sequence   token.Sequence
	value, ttl string
}

func (r *form) known() map[string]any {
	return map[string]any{
		"sequence": &r.sequence, "token": &r.value, "origin": &r.Origin, "acquired_at": &r.AcquiredAt, "expires_at": &r.ExpiresAt,
		"ttl": &r.ttl, "id": &r.ID, "mint_name": &r.MintName, "app_id": &r.AppID, "parent": &r.Parent,
	}
}

// takeRecord moves a record's fields out of an object, and leaves the unknown
// ones. The error wraps [errMalformed].
func (f fields) takeRecord() (token.Record, token.Sequence, error) {
	var r form
	for name, into := range r.known() {
		if err := f.take(name, into); err != nil {
			return token.Record{}, 0, err
		}
	}
	if !originPattern().MatchString(string(r.Origin)) {
		return token.Record{}, 0, fmt.Errorf("%w: its \"origin\" is missing or invalid", errMalformed)
	}
	var err error
	if r.ttl != "" {
		if r.TTL, err = time.ParseDuration(r.ttl); err != nil || r.TTL <= 0 {
			return token.Record{}, 0, fmt.Errorf("%w: its \"ttl\" is not a duration", errMalformed)
		}
	}
	if r.Token, err = token.Parse(r.value); err != nil {
		return token.Record{}, 0, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return normalize(r.Record), r.sequence, nil
}

// putRecord replaces a record's fields in an object, and leaves the unknown ones.
func (f fields) putRecord(rec token.Record, seq token.Sequence) error {
	if rec.Token.IsZero() || !originPattern().MatchString(string(rec.Origin)) {
		return errors.New("tokenstore: encode record: it has no token or no origin")
	}
	r := form{Record: normalize(rec), sequence: seq, value: rec.Token.Reveal()}
	if rec.TTL > 0 {
		r.ttl = rec.TTL.String()
	}
	for name, value := range r.known() {
		if reflect.ValueOf(value).Elem().IsZero() {
			delete(f, name)
		} else if err := f.put(name, value); err != nil {
			return err
		}
	}
	return nil
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
