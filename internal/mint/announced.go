package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// LeaseTTL is the maximum lifetime of a token that its process revokes, unless a
// user asks for more. It limits the token if the revocation fails.
const LeaseTTL = time.Hour

// slack is the tolerance for a token's expiry, because the request itself takes
// time.
const slack = 10 * time.Minute

// Managed describes a token to mint for a resource in the engine's state.
type Managed struct {
	// Request is the request for the token. It names no app for a token of a
	// whole organization.
	Request token.Request
	// Kind is the kind of the token; nil for the access of Request.
	Kind *flyapi.TokenKind
	// Label begins the token's name.
	Label string
	// TTL is the token's lifetime.
	TTL time.Duration
	// Workspace identifies the root module and its workspace; "" if unknown.
	Workspace string
	// Spec identifies the resource's arguments.
	Spec string
	// Replaces is Fly's identifier of the token in state; "" for a creation.
	Replaces string
	// StateFile identifies the engine's state file as it is before the mint, and
	// Engine the engine's process; "" where they are not known.
	StateFile, Engine string
	// Lost reports what the engine's state lost of an earlier mint. Nil does not
	// know.
	Lost func(token.Mint) Loss
	// Predecessor is Fly's identifier of the token that the one in state replaced.
	Predecessor string
	// Stored means that storage alone keeps the token. A mint that cannot be
	// announced there then fails.
	Stored bool
}

// Loss is what an engine's state has certainly lost of a mint.
type Loss int

const (
	// LostNothing is for a state that may have the new token.
	LostNothing Loss = iota
	// LostNew is for a state that was not written after the mint. It still has the
	// token to replace.
	LostNew
	// LostNewPerhapsBoth is for a state that was emptied. Its contents before may be
	// in a different backend.
	LostNewPerhapsBoth
	// LostBoth is for a state that was emptied and is nowhere else.
	LostBoth
)

// Managed mints a token for a resource. It first decides about the mints that earlier
// processes announced for the app and did not forget. The token is revoked when
// the provider ends, unless [Minter.Keep] is called before.
func (m *Minter) Managed(ctx context.Context, w Managed) (token.Candidate, []token.Warning, error) {
	warnings := m.Clear(ctx, w)
	c, more, err := m.announced(ctx, w.Kind, w.Stored, token.Mint{
		Request: w.Request, Kind: token.MintManaged,
		Name:      fmt.Sprintf("%s (terraform %s)", w.Label, token.MintSuffix()),
		Workspace: w.Workspace, Spec: w.Spec, Replaces: w.Replaces,
		StateFile: w.StateFile, Engine: w.Engine,
	}, w.TTL)
	return c, append(warnings, more...), err
}

// Keep leaves a managed token to the engine's state. It stays announced, at the
// [token.Request.Place] given, until a later call sees its identifier in state.
func (m *Minter) Keep(place string, c token.Candidate) {
	m.cfg.Process.keep(c.ID, func(ctx context.Context) {
		_ = m.cfg.Journal.Deliver(ctx, place, c.MintName) // without the record it counts as not delivered, which is safe
	})
}

// Lease mints a token that no other caller receives. It is valid until
// [Minter.Revoke], or until the provider ends. A nil kind means the access of req.
// For another kind, req names an app with access deploy, or an organization alone.
func (m *Minter) Lease(ctx context.Context, req token.Request, kind *flyapi.TokenKind, ttl time.Duration) (token.Candidate, []token.Warning, error) {
	warnings := m.clearLeases(ctx, req.Place())
	c, more, err := m.announced(ctx, kind, false, token.Mint{
		Request: req, Kind: token.MintLease,
		Name: fmt.Sprintf("%s (ephemeral %s)", token.MintLabel(req), token.MintSuffix()),
	}, ttl)
	return c, append(warnings, more...), err
}

// announced announces a mint and then mints. Without storage it mints without
// an announcement, unless that is required.
func (m *Minter) announced(ctx context.Context, kind *flyapi.TokenKind, required bool, one token.Mint, ttl time.Duration) (token.Candidate, []token.Warning, error) {
	journal := m.cfg.Journal
	one.ExpiresAt, one.Owner = m.cfg.Now().Add(ttl+slack), journal.Owner()
	var warnings []token.Warning
	if err := journal.Announce(ctx, one); err != nil {
		if ctx.Err() != nil {
			return token.Candidate{}, nil, context.Cause(ctx)
		}
		if required {
			return token.Candidate{}, nil, err
		}
		journal = noJournal{}
		warnings = append(warnings, token.Warning{
			Summary: "Fly Token Storage Cannot Be Used",
			Detail:  fmt.Sprintf("The mint of a token for %s could not be recorded: %s. If this process is killed now, the token stays valid until it expires.", one.Request.Subject(), err),
		})
	}
	c, err := m.cfg.Process.take(ctx, func(ctx context.Context) (token.Candidate, error) {
		return m.mintHeld(ctx, journal, kind, one, ttl)
	})
	return c, warnings, err
}

// mintHeld mints and makes the process hold the token at once, so that no
// failure can lose it.
func (m *Minter) mintHeld(ctx context.Context, journal Journal, kind *flyapi.TokenKind, one token.Mint, ttl time.Duration) (token.Candidate, error) {
	place := one.Request.Place()
	login, err := m.cfg.Login(ctx)
	c := token.Candidate{}
	if err == nil {
		c, err = m.mint(ctx, one.Request, kind, one.Name, ttl)
	}
	if err != nil {
		if !errors.Is(err, token.ErrMintUncertain) {
			_ = journal.Forget(ctx, place, one.Name) // if it stays announced, a later call looks for it again
		}
		return token.Candidate{}, err
	}
	m.cfg.Process.hold(c.ID, func(ctx context.Context) error {
		err := m.revokeWith(ctx, login, c.ID)
		if err == nil {
			_ = journal.Forget(ctx, place, one.Name)
		}
		return err
	})
	if one.Kind == token.MintManaged {
		if err = journal.Identify(ctx, place, one.Name, c.ID); err != nil {
			err = fmt.Errorf("a token was minted and is being revoked, because storage cannot record its identifier: %w", err)
		}
	}
	fitted := c
	if err == nil {
		fitted, err = m.fit(ctx, one.Request, kind, c, ttl)
	}
	if err != nil {
		// If this fails, the provider tries again when it ends.
		_, _ = m.cfg.Process.revoke(ctx, c.ID)
		return token.Candidate{}, err
	}
	return fitted, nil
}
