package tokenstore

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// missesAge is how long misses count. They are for processes that wait during
// an acquisition and read its misses within moments. A later call is worth a
// new attempt.
const missesAge = time.Minute

// expirySlack is the tolerance for a wrong clock of this machine.
const expirySlack = 24 * time.Hour

// state is the content of an app's state document.
type state struct {
	generation token.Generation
	// sequence is the greatest number of any acquisition.
	sequence token.Sequence
	// records and misses have the keys of requests, mints have names.
	records, misses, mints map[string]json.RawMessage
	// deployTokens are those that no engine's state holds. Their resources own
	// them, so they outlive an invalidation.
	deployTokens map[string]json.RawMessage
	// organization is the slug of the app's organization, "" if it is not recorded.
	organization string
	// claim is set while a process holds a lease.
	claim *lease
	// aside is the number of damaged documents that were set aside.
	aside int
	extra fields
	// damage is the fault of a document that counts as empty; nil if there is none.
	damage error
}

// missed holds the misses of one acquisition.
type missed struct {
	Sequence token.Sequence `json:"sequence"`
	At       time.Time      `json:"at"`
	Misses   []miss         `json:"misses"`
}

type miss struct {
	Source    token.SourceName `json:"source"`
	Reason    string           `json:"reason"`
	Temporary bool             `json:"temporary,omitempty"`
}

// decodeState reads a state document. nil data means that the app has none. The
// error wraps [errMalformed] or [ErrNewerSchema].
func decodeState(data []byte, app string) (*state, error) {
	st := &state{extra: fields{}}
	if data != nil {
		all, err := unseal(data, app)
		if err != nil {
			return nil, err
		}
		for name, into := range st.known() {
			if err := all.take(name, into); err != nil {
				return nil, err
			}
		}
		st.extra = all
	}
	for _, m := range []*map[string]json.RawMessage{&st.records, &st.misses, &st.mints, &st.deployTokens} {
		if *m == nil {
			*m = map[string]json.RawMessage{}
		}
	}
	return st, nil
}

func (st *state) known() map[string]any {
	return map[string]any{
		"generation": &st.generation, "sequence": &st.sequence, "records": &st.records, "misses": &st.misses,
		"mints": &st.mints, "deploy_tokens": &st.deployTokens, "claim": &st.claim, "set_aside": &st.aside,
		"organization": &st.organization,
	}
}

// encode writes the form that [decodeState] reads.
func (st *state) encode(app string) ([]byte, error) {
	all := maps.Clone(st.extra)
	for name, value := range st.known() {
		if err := all.put(name, value); err != nil {
			return nil, err
		}
	}
	return seal(all, app)
}

// damagedGeneration is the generation of an app whose document is damaged. It
// is the same for every reader and differs from the one before the damage, so
// that tokens acquired under that one are not saved.
func damagedGeneration(data []byte) token.Generation {
	sum := sha256.Sum256(data)
	return token.Generation(binary.BigEndian.Uint64(sum[:8]) >> 2)
}

// next returns the number of an acquisition that ends at the instant now.
func (st *state) next(now token.Sequence) token.Sequence {
	st.sequence = max(st.sequence+1, now)
	return st.sequence
}

// save keeps rec under key, and forgets the misses that it ends.
func (st *state) save(key string, rec token.Record, now token.Sequence) error {
	raw, err := encodeRecord(rec, st.next(now), st.records[key])
	if err != nil {
		return err
	}
	st.records[key] = raw
	delete(st.misses, key)
	return nil
}

// invalidate begins a new generation without records. Its number comes from the
// clock, and is greater than the last one even if the clock was set back. A
// counter would repeat a number after storage was removed, and an acquisition
// from before the removal would then count as current.
func (st *state) invalidate(now token.Sequence) {
	st.generation = max(st.generation+1, token.Generation(now))
	clear(st.records)
	clear(st.misses)
}

// miss stores misses, so that other processes do not repeat the attempts.
func (st *state) miss(key string, attempts []token.Attempt, now token.Sequence) error {
	m := missed{Sequence: st.next(now), At: time.Now().UTC()}
	for _, a := range attempts {
		var known *token.MissError
		temporary := errors.As(a.Err, &known) && known.Temporary
		m.Misses = append(m.Misses, miss{a.Source, a.Err.Error(), temporary})
	}
	raw, err := json.Marshal(m)
	st.misses[key] = raw
	return err
}

// missed returns the misses that still count. If the clock was changed, none
// count.
func (st *state) missed(key string) ([]token.Attempt, token.Sequence) {
	var m missed
	if json.Unmarshal(st.misses[key], &m) != nil {
		return nil, 0
	}
	if age := time.Since(m.At); age < 0 || age > missesAge {
		return nil, 0
	}
	attempts := make([]token.Attempt, len(m.Misses))
	for i, one := range m.Misses {
		attempts[i] = token.Attempt{Source: one.Source, Err: &token.MissError{Reason: one.Reason, Temporary: one.Temporary}}
	}
	return attempts, m.Sequence
}

// prune forgets expired records, misses and mints. A mint and a deploy token are
// kept for a day after the token's expiry, because this machine's clock may be wrong.
func (st *state) prune(now time.Time) {
	expired := func(at time.Time) func(string, json.RawMessage) bool {
		return func(_ string, raw json.RawMessage) bool {
			rec, _, err := decodeRecord(raw)
			return err == nil && !rec.ExpiresAt.IsZero() && at.After(rec.ExpiresAt)
		}
	}
	maps.DeleteFunc(st.records, expired(now))
	maps.DeleteFunc(st.deployTokens, expired(now.Add(-expirySlack)))
	maps.DeleteFunc(st.misses, func(_ string, raw json.RawMessage) bool {
		var m missed
		return json.Unmarshal(raw, &m) != nil || now.Sub(m.At).Abs() > missesAge
	})
	maps.DeleteFunc(st.mints, func(_ string, raw json.RawMessage) bool {
		m, err := decodeMint(raw)
		return err == nil && !m.ExpiresAt.IsZero() && now.After(m.ExpiresAt.Add(expirySlack))
	})
}

// key identifies the record for a request.
func (s *Store) key(req token.Request) string {
	return hashKey(schemaVersion, s.scope.APIBaseURL, req.App, req.Access, req.Organization, s.scope.Login)
}

// hashKey identifies an entry of a document. It is a hash of a JSON array, so
// different lists of parts never give the same input.
func hashKey(parts ...any) string {
	// A list of strings and a number always marshals.
	text, _ := json.Marshal(parts)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
