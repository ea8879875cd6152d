package mint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// unknownLife is how long the mint of a token stays announced whose expiry is not
// known.
const unknownLife = 10 * 365 * 24 * time.Hour

// Revocation is what became of a token that was kept in storage.
type Revocation struct {
	// Record is the token's record; zero for one whose revocation failed in an
	// earlier run, and of which no more than its name is known.
	Record token.Record
	// Name is what Fly lists the token by, "" where that is not known.
	Name string
	// ID is Fly's identifier, "" where it is not known.
	ID string
	// Err is why the token is still live; nil where it was revoked.
	Err error
	// Again says that a later call of [Minter.RevokeStored] tries again.
	Again bool
}

// RevokeStored drops the records of an app with drop, and revokes their tokens at
// Fly and those that an earlier call could not revoke. Each token is announced
// before its record is dropped, so that what cannot be revoked now can be later.
// The error says why the records were not dropped; no token was revoked then.
func (m *Minter) RevokeStored(ctx context.Context, app string, records []token.Record, drop func(context.Context) error, done func(Revocation)) error {
	left, err := m.unrevoked(ctx, app)
	if err != nil {
		return err
	}
	var announced []token.Mint
	for _, rec := range records {
		one, ok := m.stored(app, rec)
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
			_ = m.cfg.Journal.Settle(context.WithoutCancel(ctx), app, one.Name) // its record is still there
		}
		return err
	}
	for _, rec := range records {
		done(m.revokeStored(ctx, app, rec))
	}
	for _, one := range left {
		done(m.revokeAnnounced(ctx, app, one))
	}
	return nil
}

// stored returns what to announce for a record; false where its token was not
// minted by Fly but narrowed from another one.
func (m *Minter) stored(app string, rec token.Record) (token.Mint, bool) {
	name := rec.MintName
	if name == "" && rec.ID != "" {
		name = "token " + rec.ID
	}
	expires := rec.ExpiresAt
	if expires.IsZero() {
		expires = m.cfg.Now().Add(unknownLife)
	}
	return token.Mint{
		Request: token.Request{App: app}, Name: name, Kind: token.MintSource, ID: rec.ID,
		ExpiresAt: expires, Owner: m.cfg.Journal.Owner(),
	}, name != ""
}

func (m *Minter) revokeStored(ctx context.Context, app string, rec token.Record) Revocation {
	one, ok := m.stored(app, rec)
	if !ok {
		return Revocation{Record: rec, Err: fmt.Errorf("it was narrowed from a token of origin %s, and ends when that token is revoked", cmp.Or(rec.Origin, "unknown"))}
	}
	r := m.revokeAnnounced(ctx, app, one)
	r.Record, r.Name = rec, rec.MintName
	return r
}

// unrevoked returns what earlier calls could not revoke. A mint of another process
// that runs is not among it.
func (m *Minter) unrevoked(ctx context.Context, app string) ([]token.Mint, error) {
	if m.cfg.Journal == nil {
		return nil, nil
	}
	all, err := m.cfg.Journal.Announced(ctx, app)
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

func (m *Minter) revokeAnnounced(ctx context.Context, app string, one token.Mint) Revocation {
	r := Revocation{Name: one.Name, ID: one.ID, Again: true}
	found := true
	switch {
	case ctx.Err() != nil:
		r.Err = errors.New("the action was cancelled before")
	case one.ID != "":
		r.Err = m.revokeID(ctx, one.ID)
	default:
		found, r.Err = m.revokeNamed(ctx, one.Request, one.Name, "")
	}
	if r.Err == nil && !found {
		r.Err = fmt.Errorf("Fly lists no token named %q to this login", one.Name) //nolint:staticcheck // it begins with a name
	}
	if r.Err == nil {
		_ = m.cfg.Journal.Settle(ctx, app, one.Name) // else it is revoked once more
	}
	return r
}

// Discard revokes a token that was minted for req and that no caller received. If
// Fly does not answer, the token ends with its lifetime.
func (m *Minter) Discard(ctx context.Context, req token.Request, rec token.Record) {
	if rec.ID != "" {
		_ = m.revokeID(ctx, rec.ID) // it ends by itself
		return
	}
	_, _ = m.revokeNamed(ctx, req, rec.MintName, "") // the same
}
