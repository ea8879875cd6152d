package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// leaseTTL is the maximum lifetime of a token that its process revokes. It
	// limits the token if the revocation fails.
	leaseTTL = time.Hour
	// slack is the tolerance for a token's expiry, because the request itself
	// takes time.
	slack = 10 * time.Minute
)

// Managed describes a token to mint for a resource in the engine's state.
type Managed struct {
	// Request is the request for the token.
	Request token.Request
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
	// Predecessor is Fly's identifier of the token that the one in state replaced.
	Predecessor string
}

// Managed mints a token for a resource. It first settles the mints that earlier
// processes announced for the app and did not settle. The token is revoked when
// the provider ends, unless [Minter.Keep] is called before.
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
			_ = m.cfg.Journal.Deliver(ctx, app, c.MintName) // without the record it counts as not delivered, which is safe
		}
	})
}

// Lease mints a token that no other caller receives. It is valid until
// [Minter.Revoke], or until the provider ends.
func (m *Minter) Lease(ctx context.Context, req token.Request, ttl time.Duration) (token.Candidate, []token.Warning, error) {
	warnings := m.clearLeases(ctx, req.App)
	c, more, err := m.announced(ctx, token.Mint{
		Request: req, Kind: token.MintLease,
		Name: fmt.Sprintf("terraform-provider-fly %s (ephemeral %s)", req.App, token.MintSuffix()),
	}, min(ttl, leaseTTL))
	return c, append(warnings, more...), err
}

// announced announces a mint and then mints. Without storage it mints without
// an announcement.
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
				Detail:  fmt.Sprintf("The mint of a token for app %q could not be recorded: %s. If this process is killed now, the token stays valid until it expires.", one.Request.App, err),
			})
		}
	}
	c, err := m.cfg.Process.take(ctx, func(ctx context.Context) (token.Candidate, error) {
		return m.mintHeld(ctx, journal, one, ttl)
	})
	return c, warnings, err
}

// mintHeld mints and makes the process hold the token at once, so that no
// failure can lose it.
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
			_ = settle(ctx) // if it stays announced, a later call looks for it again
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
		// If this fails, the provider tries again when it ends.
		_, _ = m.cfg.Process.revoke(ctx, c.ID)
		return token.Candidate{}, err
	}
	return fitted, nil
}
