package tokenstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Scope holds the further values that a minted token depends on. A record that
// was saved under a different scope is not found.
type Scope struct {
	// APIBaseURL is the base URL of the Fly API that minted the token.
	APIBaseURL string
	// Login is the fingerprint of the login that tokens are minted with, "" if it
	// is flyctl's own and storage is one user's.
	Login string
	// TokenTTL is the maximum lifetime of a token that is minted under a claim.
	TokenTTL time.Duration
}

// Leases are the times of claims on a backend whose locks do not exclude every
// process.
type Leases struct {
	// Length is how long a claim counts without a renewal.
	Length time.Duration
	// Renew is the time from one renewal to the next.
	Renew time.Duration
	// Poll is the approximate interval at which a waiter checks again.
	Poll time.Duration
}

var _ token.Store = (*Store)(nil)

// Store keeps minted and manual tokens over a backend. It is safe for concurrent
// use, also by many processes.
type Store struct {
	backend Backend
	scope   Scope
	leases  Leases

	mu       sync.Mutex
	gates    map[string]chan struct{}
	warnings map[string][]token.Warning
	// missing holds, by place, the state document in which a Load found no record:
	// a claim begins with it.
	missing map[string]Document
	// listed holds, by place, the state document whose records a caller listed: an
	// invalidation begins with it.
	listed map[string]Document
}

// Open returns the store over a backend. It reads and writes nothing: the first
// use reports unusable storage.
func Open(backend Backend, scope Scope) *Store {
	return &Store{
		backend:  backend,
		scope:    scope,
		leases:   Leases{Length: 15 * time.Second, Renew: 3 * time.Second, Poll: 500 * time.Millisecond},
		gates:    map[string]chan struct{}{},
		warnings: map[string][]token.Warning{},
		missing:  map[string]Document{},
		listed:   map[string]Document{},
	}
}

// SetLeases replaces the times of claims, before the store is used.
func (s *Store) SetLeases(times Leases) { s.leases = times }

// String returns the location of the documents, for diagnostics.
func (s *Store) String() string { return s.backend.String() }

// Owner identifies this process in its announcements.
func (s *Store) Owner() string { return s.backend.Owner() }

// Alive reports whether the process of that [Store.Owner] still runs. certain
// is false if this cannot be known.
func (s *Store) Alive(ctx context.Context, owner string) (alive, certain bool) {
	return s.backend.Alive(ctx, owner)
}

// Sequence implements [token.Store].
func (s *Store) Sequence(ctx context.Context) (token.Sequence, error) {
	_, to, err := s.backend.Now(ctx)
	return to, err
}

// Load implements [token.Store]. Expired and damaged records are not returned.
func (s *Store) Load(ctx context.Context, req token.Request) (token.Stored, error) {
	st, d, err := s.load(ctx, req.Place())
	if err != nil {
		return token.Stored{}, err
	}
	s.warnDamaged(req.Place(), st)
	stored, err := s.stored(ctx, st, req)
	s.mu.Lock()
	if delete(s.missing, req.Place()); stored.Record.Token.IsZero() {
		s.missing[req.Place()] = d
	}
	s.mu.Unlock()
	return stored, err
}

// load returns a place's state and its document.
func (s *Store) load(ctx context.Context, place string) (*state, Document, error) {
	if err := ready(ctx, place); err != nil {
		return nil, Document{}, err
	}
	d, err := s.backend.Load(ctx, Doc{place, KindState})
	if err != nil {
		return nil, Document{}, err
	}
	st, err := s.read(place, d.Data)
	return st, d, err
}

// warnDamaged warns about a state document that counts as empty.
func (s *Store) warnDamaged(place string, st *state) {
	if st.damage != nil {
		s.warn(place, "Stored Fly App Tokens Are Damaged", fmt.Sprintf("The stored tokens for %s in %s cannot be read: %s. The next save of a token replaces them.", token.At(place).Subject(), s.backend.Locate(Doc{place, KindState}), st.damage))
	}
}

// stored is the content of st for a request.
func (s *Store) stored(ctx context.Context, st *state, req token.Request) (token.Stored, error) {
	key := s.key(req)
	stored := token.Stored{Generation: st.generation, Announced: s.announced(req.Place(), st, false), Organization: st.organization}
	stored.Misses, stored.MissesAt = st.missed(key)
	var err error
	if raw := st.records[key]; raw != nil {
		stored.Record, stored.Sequence, err = s.usable(ctx, req.Place(), raw)
	}
	return stored, err
}

// usable returns a usable record, or none. A record that was narrowed from a
// manual token is usable only while the app has that token. So a new manual
// token counts at once.
func (s *Store) usable(ctx context.Context, app string, raw json.RawMessage) (token.Record, token.Sequence, error) {
	rec, seq, err := decodeRecord(raw)
	if err != nil {
		s.warn(app, "Stored Fly App Token Is Damaged", fmt.Sprintf("A stored token for %s in %s cannot be read: %s. A new token is acquired in its place.", token.At(app).Subject(), s.backend.Locate(Doc{app, KindState}), err))
		return token.Record{}, 0, nil
	}
	if at := rec.ExpiresAt; !at.IsZero() && time.Now().After(at) {
		return token.Record{}, 0, nil
	}
	if rec.Origin == token.SourceManual {
		manual, err := s.Manual(ctx, app)
		if err != nil && !errors.Is(err, token.ErrNoRecord) {
			return token.Record{}, 0, err
		}
		if manual.Token.Fingerprint() != rec.Parent {
			return token.Record{}, 0, nil
		}
	}
	return rec, seq, nil
}

// Save implements [token.Store].
func (s *Store) Save(ctx context.Context, req token.Request, rec token.Record, gen token.Generation) error {
	_, err := s.change(ctx, nil, s.onState(req.Place(), func(st *state) (bool, error) {
		if st.generation != gen {
			return false, token.ErrSuperseded
		}
		now, _, err := s.backend.Now(ctx)
		if err != nil {
			return false, err
		}
		return true, st.save(s.key(req), rec, now)
	}))
	return err
}

// Remove implements [token.Store].
func (s *Store) Remove(ctx context.Context, req token.Request, fingerprint string) error {
	_, err := s.RemoveRecords(ctx, req.Place(), func(rec token.Record) bool { return rec.Token.Fingerprint() == fingerprint })
	return err
}

// RemoveRecords removes the minted records of a [token.Request.Place] that match,
// whichever request they are for, and returns their number.
func (s *Store) RemoveRecords(ctx context.Context, place string, match func(token.Record) bool) (removed int, err error) {
	_, err = s.change(ctx, nil, s.onState(place, func(st *state) (bool, error) {
		before := len(st.records)
		maps.DeleteFunc(st.records, func(_ string, raw json.RawMessage) bool {
			rec, _, err := decodeRecord(raw)
			return err == nil && match(rec)
		})
		removed = before - len(st.records)
		return removed > 0, nil
	}))
	return removed, err
}

// SetOrganization implements [token.Store].
func (s *Store) SetOrganization(ctx context.Context, app, slug string) error {
	_, err := s.change(ctx, nil, s.onState(app, func(st *state) (bool, error) {
		changed := st.organization != slug
		st.organization = slug
		return changed, nil
	}))
	return err
}

// Invalidate raises the generation of a [token.Request.Place] and removes its minted
// records, for every access, organization and scope, and the documents that were set
// aside. The manual record, the announced mints and the deploy tokens stay.
func (s *Store) Invalidate(ctx context.Context, place string) error {
	aside := 0
	_, err := s.change(ctx, s.take(s.listed, place), s.onState(place, func(st *state) (bool, error) {
		now, _, err := s.backend.Now(ctx)
		if err != nil {
			return false, err
		}
		st.invalidate(now)
		aside, st.aside = st.aside, 0
		return true, nil
	}))
	if err == nil && aside > 0 {
		err = s.removeAside(ctx, place)
	}
	return err
}

// MintedRecords returns the records that [Store.Invalidate] would remove, in
// the order of the keys, without expired ones, and the slug of the noted organization.
// The error joins one for each record that cannot be read. The others are returned with
// it.
func (s *Store) MintedRecords(ctx context.Context, place string) (records []token.Record, organization string, err error) {
	st, d, err := s.load(ctx, place)
	if err != nil {
		return nil, "", err
	}
	doc := Doc{place, KindState}
	if st.damage != nil {
		return nil, "", s.contentError("read", doc, st.damage)
	}
	s.mu.Lock()
	s.listed[place] = d
	s.mu.Unlock()
	var failed []error
	for _, key := range slices.Sorted(maps.Keys(st.records)) {
		rec, _, err := decodeRecord(st.records[key])
		switch {
		case err != nil:
			failed = append(failed, s.contentError("read a record in", doc, err))
		case rec.ExpiresAt.IsZero() || time.Now().Before(rec.ExpiresAt):
			records = append(records, rec)
		}
	}
	return records, st.organization, errors.Join(failed...)
}

// take removes and returns a place's document, nil if there is none.
func (s *Store) take(from map[string]Document, place string) *Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := from[place]
	delete(from, place)
	if !ok {
		return nil
	}
	return &d
}

// ready reports whether the app's documents can exist.
func ready(ctx context.Context, app string) error {
	if err := token.ValidatePlace(app); err != nil {
		return err
	}
	return context.Cause(ctx)
}
