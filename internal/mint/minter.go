package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Config configures a [Minter].
type Config struct {
	// Client lists and revokes.
	Client *flyapi.Client
	// Directory looks up apps and organizations.
	Directory *flyapi.Directory
	// Login returns the login to mint and revoke with.
	Login flyapi.Login
	// Journal keeps announced mints; nil without storage.
	Journal Journal
	// Process keeps the tokens that this process must still revoke.
	Process *Process
	// Timeout bounds one call of Fly's API.
	Timeout time.Duration
	// Now returns the time, to decide which announced mints have expired.
	Now func() time.Time
}

// Minter mints and revokes tokens for one run, the lifetime of its directory.
// It is safe for concurrent use.
type Minter struct {
	cfg    Config
	issuer *flyapi.Issuer
}

// New returns a minter.
func New(cfg Config) *Minter {
	if cfg.Journal == nil {
		cfg.Journal = noJournal{}
	}
	return &Minter{cfg: cfg, issuer: flyapi.NewIssuer(cfg.Directory)}
}

// mint mints a token for req under a unique name, valid for ttl. If it fails,
// no token of that name is live, unless the error wraps [token.ErrMintUncertain].
// Fly may then have made the token, and the name must stay announced. A nil kind
// means a token of req's access.
func (m *Minter) mint(ctx context.Context, req token.Request, kind *flyapi.TokenKind, name string, ttl time.Duration) (token.Candidate, error) {
	issued, err := m.issuer.Issue(ctx, req, kind, name, ttl)
	var lost *flyapi.UncertainError
	switch {
	case err == nil && !issued.Repeated:
		return issued.Candidate, nil
	case err != nil && !errors.As(err, &lost):
		return token.Candidate{}, err
	}
	// If a caller left now, a token would remain.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*m.cfg.Timeout)
	defer cancel()
	if err != nil {
		return token.Candidate{}, m.undo(ctx, req, name, lost, err)
	}
	found, err := m.revokeNamed(ctx, req, name, issued.ID)
	if err == nil && !found {
		err = errors.New("the list of tokens lacks the one that was minted")
	}
	if err != nil {
		err = fmt.Errorf("cannot check whether a repeated mint made more than one token: %w", err)
		return token.Candidate{}, m.undo(ctx, req, name, &flyapi.UncertainError{ID: issued.ID, Repeated: true, Err: err}, err)
	}
	return issued.Candidate, nil
}

// undo revokes the tokens that a failed mint may have made, and returns the
// mint's failure.
func (m *Minter) undo(ctx context.Context, req token.Request, name string, lost *flyapi.UncertainError, failure error) error {
	if lost.ID != "" {
		if err := m.revokeID(ctx, lost.ID); err == nil && !lost.Repeated {
			return failure
		}
	}
	found, err := m.revokeNamed(ctx, req, name, "")
	if found && err == nil {
		return failure
	}
	if err != nil {
		failure = fmt.Errorf("%w (Fly may still have minted a token, and it could not be revoked: %w)", failure, err)
	}
	return uncertainError{failure}
}

// uncertainError is the failure of a mint whose token may be live. Its text is that of
// the failure.
type uncertainError struct{ error }

// Unwrap returns the failure and [token.ErrMintUncertain].
func (e uncertainError) Unwrap() []error { return []error{e.error, token.ErrMintUncertain} }

// fit narrows a minted token to the access of req. One of a kind was narrowed
// when it was issued.
func (m *Minter) fit(ctx context.Context, req token.Request, kind *flyapi.TokenKind, c token.Candidate, ttl time.Duration) (token.Candidate, error) {
	if kind == nil && req.Access != token.AccessAny {
		var err error
		if c, err = flyapi.NewNarrower(m.cfg.Directory, ttl).Narrow(ctx, req, c); err != nil {
			return c, err
		}
	}
	bundle, err := macaroon.ParseBundle(c.Token.Reveal())
	if err != nil {
		return c, err
	}
	now := time.Now()
	c.ExpiresAt = bundle.Expiry(now)
	if now.After(c.ExpiresAt) {
		return c, &token.MissError{
			Reason: "the token that Fly minted expired at " + c.ExpiresAt.UTC().Format(time.RFC3339),
			Fix:    "check this machine's clock",
		}
	}
	return c, nil
}

// Revoke revokes the token with that identifier. If this process minted it,
// Revoke uses the same login. An interrupt does not cancel it. A token that Fly
// does not know counts as revoked.
func (m *Minter) Revoke(ctx context.Context, id string) error {
	ctx = context.WithoutCancel(ctx)
	if known, err := m.cfg.Process.revoke(ctx, id); known {
		return err
	}
	return m.revokeID(ctx, id)
}

func (m *Minter) revokeID(ctx context.Context, id string) error {
	login, err := m.cfg.Login(ctx)
	if err != nil {
		return err
	}
	return m.revokeWith(ctx, login, id)
}

func (m *Minter) revokeWith(ctx context.Context, login token.Token, id string) error {
	err := m.cfg.Client.Revoke(ctx, login, id)
	if errors.Is(err, flyapi.ErrNoSuchToken) {
		return nil
	}
	return err
}
