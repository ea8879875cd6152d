package tokenstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// mint is an announced mint in the state document. Every field is written, so
// that a rewrite replaces all known fields and keeps the unknown ones.
type mint struct {
	API          string       `json:"api"`
	Access       token.Access `json:"access"`
	Organization string       `json:"organization"`
	token.Mint
}

func decodeMint(raw json.RawMessage) (mint, error) {
	var m mint
	if json.Unmarshal(raw, &m) != nil {
		return mint{}, fmt.Errorf("%w: a mint in it is of the wrong type", errMalformed)
	}
	return m, nil
}

// mint returns an announced mint, and whether there is one.
func (st *state) mint(name string) (mint, bool) {
	m, err := decodeMint(st.mints[name])
	return m, err == nil
}

// putMint writes a mint and keeps the unknown fields of the replaced one.
func (st *state) putMint(name string, m mint) error {
	f, err := object(st.mints[name])
	if err != nil {
		f = fields{}
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("tokenstore: encode mint: %w", err)
	}
	known, err := object(raw)
	if err != nil {
		return err
	}
	maps.Copy(f, known)
	st.mints[name], err = json.Marshal(f)
	return err
}

// announce adds a mint to the state.
func (s *Store) announce(st *state, m token.Mint) error {
	m.ExpiresAt = m.ExpiresAt.UTC()
	return st.putMint(m.Name, mint{API: s.scope.APIBaseURL, Access: m.Request.Access, Organization: m.Request.Organization, Mint: m})
}

// Announce records a mint before Fly is asked for it, or replaces the record of
// that name. It is durable when Announce returns.
func (s *Store) Announce(ctx context.Context, m token.Mint) error {
	_, err := s.change(ctx, nil, s.onState(m.Request.Place(), func(st *state) (bool, error) {
		return true, s.announce(st, m)
	}))
	return err
}

// Identify adds Fly's identifier to an announced mint.
func (s *Store) Identify(ctx context.Context, app, name, id string) error {
	return s.changeMint(ctx, app, name, func(m *mint) { m.ID = id })
}

// Deliver records that this process ended normally after the engine had
// received the token.
func (s *Store) Deliver(ctx context.Context, app, name string) error {
	return s.changeMint(ctx, app, name, func(m *mint) { m.Delivered = true })
}

// changeMint changes a mint if it is announced.
func (s *Store) changeMint(ctx context.Context, app, name string, do func(*mint)) error {
	_, err := s.change(ctx, nil, s.onState(app, func(st *state) (bool, error) {
		m, ok := st.mint(name)
		before := m
		if do(&m); !ok || m == before {
			return false, nil
		}
		return true, st.putMint(name, m)
	}))
	return err
}

// Forget forgets a mint: its token has another owner, or does not exist. A mint
// that is not announced counts as forgotten.
func (s *Store) Forget(ctx context.Context, app, name string) error {
	return s.forget(ctx, app, func(at string, _ mint) bool { return at == name })
}

// ForgetID is [Store.Forget] for the mints with Fly's identifier id.
func (s *Store) ForgetID(ctx context.Context, app, id string) error {
	return s.forget(ctx, app, func(_ string, m mint) bool { return id != "" && m.ID == id })
}

func (s *Store) forget(ctx context.Context, app string, is func(name string, m mint) bool) error {
	_, err := s.change(ctx, nil, s.onState(app, func(st *state) (bool, error) {
		before := len(st.mints)
		maps.DeleteFunc(st.mints, func(name string, raw json.RawMessage) bool {
			m, err := decodeMint(raw)
			return err == nil && m.API == s.scope.APIBaseURL && is(name, m)
		})
		return len(st.mints) != before, nil
	}))
	return err
}

// Announced returns the mints for app that were announced and not forgotten, in
// the order of their names. Mints at a different API than the store's are left
// out.
func (s *Store) Announced(ctx context.Context, app string) ([]token.Mint, error) {
	st, _, err := s.load(ctx, app)
	if err != nil {
		return nil, err
	}
	return s.announced(app, st, true), nil
}

// announced lists the mints at the store's API, with or without the delivered
// ones.
func (s *Store) announced(app string, st *state, delivered bool) []token.Mint {
	var mints []token.Mint
	for _, name := range slices.Sorted(maps.Keys(st.mints)) {
		m, err := decodeMint(st.mints[name])
		if err != nil || m.API != s.scope.APIBaseURL || m.Delivered && !delivered {
			continue
		}
		m.Name, m.Request = name, token.At(app)
		m.Request.Access, m.Request.Organization = m.Access, cmp.Or(m.Request.Organization, m.Organization)
		mints = append(mints, m.Mint)
	}
	return mints
}
