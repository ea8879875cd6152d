package tokenstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// schemaVersion is raised when a provider that knows only an older one must not
// touch the record. A new field that may be ignored needs no new version:
// fields that are not known are kept.
const schemaVersion = 1

// maxRecord bounds a record's file in bytes: a token takes up to 1 MiB.
const maxRecord = 4 << 20

// originPattern is the shape of a link's name. Newer versions may have more
// links, but the name reaches logs and state.
var originPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
})

// identity is what a record says about itself, so that a file that was moved or
// copied is not taken for another app's.
type identity struct {
	app string
	// key is that of a minted record's file name, "" for a manual record.
	key string
}

// content is what a record's file holds.
type content struct {
	record token.Record
	// generation is the one a minted record was acquired in.
	generation token.Generation
	// sequence is the number of its acquisition.
	sequence token.Sequence
	// extra are the fields that this version does not know.
	extra map[string]json.RawMessage
}

// fields are those of a JSON object. Names are matched exactly, which
// encoding/json does not do for a struct.
type fields map[string]json.RawMessage

// take moves the field into the value and out of the map. One that is missing
// leaves the value as it is.
func (f fields) take(name string, into any) error {
	raw, ok := f[name]
	delete(f, name)
	if !ok || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	// The error of json.Unmarshal may quote what it found.
	if json.Unmarshal(raw, into) != nil {
		return fmt.Errorf("%w: its %q is of the wrong type", errMalformed, name)
	}
	return nil
}

func (f fields) put(name string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("tokenstore: encode %s: %w", name, err)
	}
	f[name] = raw
	return nil
}

// decode reads a record's file. The error wraps [errMalformed] or
// [ErrNewerSchema], and quotes nothing of what it read.
func decode(data []byte, want identity) (content, error) {
	if len(data) > maxRecord {
		return content{}, fmt.Errorf("%w: it is longer than %d bytes", errMalformed, maxRecord)
	}
	var all fields
	if json.Unmarshal(data, &all) != nil || all == nil {
		return content{}, fmt.Errorf("%w: its %d bytes are not one JSON object", errMalformed, len(data))
	}
	schema := 0
	if err := all.take("schema", &schema); err != nil {
		return content{}, err
	}
	switch {
	case schema > schemaVersion:
		return content{}, fmt.Errorf("%w: schema %d, where this version knows %d", ErrNewerSchema, schema, schemaVersion)
	case schema != schemaVersion:
		return content{}, fmt.Errorf("%w: it has no schema version", errMalformed)
	}
	return all.content(want)
}

func (f fields) content(want identity) (content, error) {
	var (
		c       content
		is      identity
		value   string
		origin  string
		ttl     string
		decoded = []struct {
			name string
			into any
		}{
			{"app", &is.app},
			{"key", &is.key},
			{"generation", &c.generation},
			{"sequence", &c.sequence},
			{"token", &value},
			{"origin", &origin},
			{"acquired_at", &c.record.AcquiredAt},
			{"expires_at", &c.record.ExpiresAt},
			{"ttl", &ttl},
			{"id", &c.record.ID},
			{"mint_name", &c.record.MintName},
			{"app_id", &c.record.AppID},
			{"parent", &c.record.Parent},
		}
	)
	for _, field := range decoded {
		if err := f.take(field.name, field.into); err != nil {
			return content{}, err
		}
	}
	if is != want {
		return content{}, fmt.Errorf("%w: it is about another app or request than its name says", errMalformed)
	}
	if !originPattern().MatchString(origin) {
		return content{}, fmt.Errorf("%w: its origin is missing or no name", errMalformed)
	}
	if ttl != "" {
		var err error
		if c.record.TTL, err = time.ParseDuration(ttl); err != nil || c.record.TTL <= 0 {
			return content{}, fmt.Errorf("%w: its \"ttl\" is no duration", errMalformed)
		}
	}
	tok, err := token.Parse(value)
	if err != nil {
		return content{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	c.record.Token, c.record.Origin = tok, token.SourceName(origin)
	c.record = normalize(c.record)
	c.extra = f
	return c, nil
}

// normalize gives a record the form it has after a round trip, so that what is
// returned and what is on disk compare equal. JSON has years of four digits,
// which a macaroon's times, counted in seconds, may lie beyond.
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

// encode writes what [decode] reads. The fields it does not know come back as
// they were.
func encode(c content, is identity) ([]byte, error) {
	rec := normalize(c.record)
	if rec.Token.IsZero() || !originPattern().MatchString(string(rec.Origin)) {
		return nil, errors.New("tokenstore: encode record: it has no token or no origin")
	}
	all := fields{}
	maps.Copy(all, c.extra)
	known := []struct {
		name  string
		value any
		there bool
	}{
		{"schema", schemaVersion, true},
		{"app", is.app, true},
		{"key", is.key, is.key != ""},
		{"generation", c.generation, is.key != ""},
		{"sequence", c.sequence, is.key != ""},
		{"token", rec.Token.Reveal(), true},
		{"origin", rec.Origin, true},
		{"acquired_at", rec.AcquiredAt, !rec.AcquiredAt.IsZero()},
		{"expires_at", rec.ExpiresAt, !rec.ExpiresAt.IsZero()},
		{"ttl", rec.TTL.String(), rec.TTL > 0},
		{"id", rec.ID, rec.ID != ""},
		{"mint_name", rec.MintName, rec.MintName != ""},
		{"app_id", rec.AppID, rec.AppID != 0},
		{"parent", rec.Parent, rec.Parent != ""},
	}
	for _, field := range known {
		delete(all, field.name)
		if !field.there {
			continue
		}
		if err := all.put(field.name, field.value); err != nil {
			return nil, err
		}
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("tokenstore: encode record: %w", err)
	}
	return append(data, '\n'), nil
}
