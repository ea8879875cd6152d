package tokenstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// ErrOtherDeployToken is wrapped by the error of [Store.SaveDeployToken] if storage
// holds a different token than the caller replaces.
var ErrOtherDeployToken = errors.New("a different deploy token is stored under this name")

// deployKey identifies a deploy token in its app's document. The login is not part
// of it, because a process that only reads the token may have none.
func (s *Store) deployKey(name string) string {
	return hashKey(schemaVersion, s.scope.APIBaseURL, name)
}

// DeployToken returns the deploy token of that name, expired or not. The error is
// [token.ErrNoRecord] if there is none, or if it is damaged.
func (s *Store) DeployToken(ctx context.Context, app, name string) (token.Record, error) {
	st, _, err := s.load(ctx, app)
	if err != nil {
		return token.Record{}, err
	}
	s.warnDamaged(app, st)
	raw := st.deployTokens[s.deployKey(name)]
	if raw == nil {
		return token.Record{}, token.ErrNoRecord
	}
	rec, _, err := decodeRecord(raw)
	if err != nil {
		s.warn(app, "Stored Fly Deploy Token Is Damaged", fmt.Sprintf(
			"The stored deploy token %q of app %q in %s cannot be read: %s.", name, app, s.backend.Locate(Doc{app, KindState}), err))
		return token.Record{}, token.ErrNoRecord
	}
	return rec, nil
}

// SaveDeployToken stores the deploy token of that name, in place of the one with the
// fingerprint replaced. It also replaces a damaged one. It is durable on return.
func (s *Store) SaveDeployToken(ctx context.Context, app, name string, rec token.Record, replaced string) error {
	key := s.deployKey(name)
	_, err := s.change(ctx, nil, s.onState(app, func(st *state) (bool, error) {
		old := st.deployTokens[key]
		if stored, _, err := decodeRecord(old); err == nil && stored.Token.Fingerprint() != replaced {
			return false, ErrOtherDeployToken
		}
		raw, err := encodeRecord(rec, 0, old)
		if err != nil {
			return false, err
		}
		st.deployTokens[key] = raw
		return true, nil
	}))
	return err
}

// DeleteDeployToken removes the deploy token of that name if it has the fingerprint
// given. Any other is unchanged, without an error.
func (s *Store) DeleteDeployToken(ctx context.Context, app, name, fingerprint string) error {
	key := s.deployKey(name)
	_, err := s.change(ctx, nil, s.onState(app, func(st *state) (bool, error) {
		rec, _, err := decodeRecord(st.deployTokens[key])
		is := err == nil && rec.Token.Fingerprint() == fingerprint
		if is {
			delete(st.deployTokens, key)
		}
		return is, nil
	}))
	return err
}
