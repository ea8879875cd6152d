package mint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// unknownLife is how long a mint stays announced if its token's expiry is
// unknown.
const unknownLife = 10 * 365 * 24 * time.Hour

// Revocation is the result of revoking a stored token.
type Revocation struct {
	// Record is the token's record. It is zero if the revocation failed in an
	// earlier run and only the token's name is known.
	Record token.Record
	// Name is the token's name at Fly, "" if unknown.
	Name string
	// ID is Fly's identifier, "" if unknown.
	ID string
	// Err is the reason why the token is still live; nil if it was revoked.
	Err error
	// Again means that a later call of [Minter.RevokeStored] tries again.
	Again bool
}

// RevokeStored drops the records of a [token.Request.Place] with drop. It revokes their tokens
// at Fly, and those that an earlier call could not revoke. It announces each
// token before it drops the record, so that a later call can try again. If the
// records cannot be dropped, it returns an error and revokes nothing.
func (m *Minter) RevokeStored(ctx context.Context, place string, records []token.Record, drop func(context.Context) error, done func(Revocation)) error {
	left, err := m.unrevoked(ctx, place)
	if err != nil {
		return err
	}
	var announced []token.Mint
	for _, rec := range records {
		one, ok := m.stored(place, rec)
		if !ok {
			continue
		}
		if err = m.cfg.Journal.Announce(ctx, one); err != nil {
			break
		}
		announced = append(announced, one)
	}
	if err == nil {
		err = drop(ctx)
	}
	if err != nil {
		for _, one := range announced {
			_ = m.cfg.Journal.Forget(context.WithoutCancel(ctx), place, one.Name) // its record still exists
		}
		return err
	}
	for _, rec := range records {
		done(m.revokeStored(ctx, place, rec))
	}
	for _, one := range left {
		done(m.revokeAnnounced(ctx, place, one))
	}
	return nil
}

// stored returns the mint to announce for a record. It returns false if Fly did
// not mint the token, because it was narrowed from a different one.
func (m *Minter) stored(place string, rec token.Record) (token.Mint, bool) {
	name := rec.MintName
	if name == "" && rec.ID != "" {
		name = "token " + rec.ID
	}
	expires := rec.ExpiresAt
	if expires.IsZero() {
		expires = m.cfg.Now().Add(unknownLife)
	}
	return token.Mint{
		Request: token.At(place), Name: name, Kind: token.MintSource, ID: rec.ID,
		ExpiresAt: expires, Owner: m.cfg.Journal.Owner(),
	}, name != ""
}

func (m *Minter) revokeStored(ctx context.Context, place string, rec token.Record) Revocation {
	one, ok := m.stored(place, rec)
	if !ok {
		return Revocation{Record: rec, Err: fmt.Errorf("it was narrowed from a token of origin %s, and ends when that token is revoked", cmp.Or(rec.Origin, "unknown"))}
	}
	r := m.revokeAnnounced(ctx, place, one)
	r.Record, r.Name = rec, rec.MintName
	return r
}

// unrevoked returns the tokens that earlier calls could not revoke, without the
// mints of other running processes.
func (m *Minter) unrevoked(ctx context.Context, place string) ([]token.Mint, error) {
	all, err := m.cfg.Journal.Announced(ctx, place)
	var left []token.Mint
	for _, one := range all {
		alive, certain := m.cfg.Journal.Alive(ctx, one.Owner)
		other := alive && certain && one.Owner != m.cfg.Journal.Owner()
		if one.Kind == token.MintSource && !other && m.cfg.Now().Before(one.ExpiresAt) {
			left = append(left, one)
		}
	}
	return left, err
}

func (m *Minter) revokeAnnounced(ctx context.Context, place string, one token.Mint) Revocation {
	r := Revocation{Name: one.Name, ID: one.ID, Again: true}
	if ctx.Err() != nil {
		r.Err = errors.New("the action was cancelled before")
		return r
	}
	if r.Err = m.Discard(ctx, one.Request, token.Record{ID: one.ID, MintName: one.Name}); r.Err == nil {
		_ = m.cfg.Journal.Forget(ctx, place, one.Name) // otherwise it is revoked again
	}
	return r
}

// Discard revokes a token that was minted for req, which Fly must know. No caller has it.
func (m *Minter) Discard(ctx context.Context, req token.Request, rec token.Record) error {
	found, err := m.revokeMint(ctx, req, rec.ID, rec.MintName)
	if err == nil && !found {
		err = fmt.Errorf("Fly lists no token named %q to this login", rec.MintName) //nolint:staticcheck // it begins with a name
	}
	return err
}
