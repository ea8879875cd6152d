package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// leaseTTL is the longest life of a token that its process revokes: what is left
	// of it should the revocation never come.
	leaseTTL = time.Hour
	// slack is how much later than asked a token may end: the request takes its
	// time.
	slack = 10 * time.Minute
)

// Managed is a token to be minted for a resource in the engine's state.
type Managed struct {
	// Request is what the token is for.
	Request token.Request
	// Label begins the token's name.
	Label string
	// TTL is how long the token is to live.
	TTL time.Duration
	// Workspace identifies the root module and its workspace; "" where it is not
	// known.
	Workspace string
	// Spec identifies the resource's arguments.
	Spec string
	// Replaces is Fly's identifier of the token in state; "" for a creation.
	Replaces string
	// Predecessor is Fly's identifier of the token that the one in state replaced.
	Predecessor string
}

// Managed mints a token for a resource. What earlier processes announced for the
// app and left is settled first. The token is revoked when the provider ends,
// unless [Minter.Keep] is called before.
func (m *Minter) Managed(ctx context.Context, w Managed) (token.Candidate, []token.Warning, error) {
	warnings := m.Clear(ctx, w)
	c, more, err := m.announced(ctx, token.Mint{
		Request: w.Request, Kind: token.MintManaged,
		Name:      fmt.Sprintf("%s (terraform %s)", w.Label, token.MintSuffix()),
		Workspace: w.Workspace, Spec: w.Spec, Replaces: w.Replaces,
	}, w.TTL)
	return c, append(warnings, more...), err
}

// Keep leaves a managed token to the engine's state. It stays announced until a
// later call sees its identifier in state.
func (m *Minter) Keep(app string, c token.Candidate) {
	m.cfg.Process.keep(c.ID, func(ctx context.Context) {
		if m.cfg.Journal != nil {
			_ = m.cfg.Journal.Deliver(ctx, app, c.MintName) // it then counts as not delivered, which is the cautious reading
		}
	})
}

// Lease mints a token that no other caller is given. It is live until
// [Minter.Revoke], or until the provider ends.
func (m *Minter) Lease(ctx context.Context, req token.Request, ttl time.Duration) (token.Candidate, []token.Warning, error) {
	warnings := m.clearLeases(ctx, req.App)
	c, more, err := m.announced(ctx, token.Mint{
		Request: req, Kind: token.MintLease,
		Name: fmt.Sprintf("terraform-provider-fly %s (ephemeral %s)", req.App, token.MintSuffix()),
	}, min(ttl, leaseTTL))
	return c, append(warnings, more...), err
}

// announced mints a token whose mint is announced before. Without storage it mints
// all the same.
func (m *Minter) announced(ctx context.Context, one token.Mint, ttl time.Duration) (token.Candidate, []token.Warning, error) {
	one.ExpiresAt = m.cfg.Now().Add(ttl + slack)
	journal := m.cfg.Journal
	var warnings []token.Warning
	if journal != nil {
		one.Owner = journal.Owner()
		if err := journal.Announce(ctx, one); err != nil {
			if ctx.Err() != nil {
				return token.Candidate{}, nil, context.Cause(ctx)
			}
			journal = nil
			warnings = append(warnings, token.Warning{
				Summary: "Fly Token Storage Cannot Be Used",
				Detail:  fmt.Sprintf("The mint of a token for app %q could not be recorded: %s. If this process is killed now, the token stays at Fly until it expires.", one.Request.App, err),
			})
		}
	}
	c, err := m.cfg.Process.take(ctx, func(ctx context.Context) (token.Candidate, error) {
		return m.mintHeld(ctx, journal, one, ttl)
	})
	return c, warnings, err
}

// mintHeld mints, and has the process hold the token before anything can lose it.
func (m *Minter) mintHeld(ctx context.Context, journal Journal, one token.Mint, ttl time.Duration) (token.Candidate, error) {
	settle := func(ctx context.Context) error {
		if journal == nil {
			return nil
		}
		return journal.Settle(ctx, one.Request.App, one.Name)
	}
	login, err := m.cfg.Login(ctx)
	c := token.Candidate{}
	if err == nil {
		c, err = m.Mint(ctx, one.Request, one.Name, ttl)
	}
	if err != nil {
		if !errors.Is(err, token.ErrUnsettled) {
			_ = settle(ctx) // one that stays announced is looked for once more
		}
		return token.Candidate{}, err
	}
	m.cfg.Process.hold(c.ID, func(ctx context.Context) error {
		if err := m.revokeWith(ctx, login, c.ID); err != nil {
			return err
		}
		_ = settle(ctx)
		return nil
	})
	if one.Kind == token.MintManaged && journal != nil {
		if err = journal.Identify(ctx, one.Request.App, one.Name, c.ID); err != nil {
			err = fmt.Errorf("a token was minted and is being revoked, because storage cannot record its identifier: %w", err)
		}
	}
	fitted := c
	if err == nil {
		fitted, err = m.fit(ctx, one.Request, c, ttl)
	}
	if err != nil {
		// Where this fails it is tried again when the provider ends.
		_, _ = m.cfg.Process.revoke(ctx, c.ID)
		return token.Candidate{}, err
	}
	return fitted, nil
}
