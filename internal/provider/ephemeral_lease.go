package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// leaseTTL is the longest life of a token that is to be revoked: what is left of
// it should the revocation never come.
const leaseTTL = time.Hour

// lease mints a token over Fly's API that nobody else is handed. It is open until
// [session.revoke], or until the provider ends.
func (s *session) lease(ctx context.Context, req token.Request) (token.Resolution, error) {
	return s.mint(ctx, req, leaseName(req.App), min(s.settings.tokenTTL, leaseTTL))
}

// mint mints a token over Fly's API that is in neither cache nor storage. It is
// revoked when the provider ends, unless it was revoked or kept before.
func (s *session) mint(ctx context.Context, req token.Request, name string, ttl time.Duration) (token.Resolution, error) {
	return s.leases.take(ctx, func(ctx context.Context) (token.Resolution, error) {
		login, loginErr := s.chain.login(ctx)
		source := &lessor{
			leases: s.leases,
			revoke: func(ctx context.Context, id string) error { return s.chain.api.Revoke(ctx, login, id) },
			Source: flyapi.NewSource(flyapi.SourceConfig{
				Client:    s.chain.api,
				Directory: s.chain.directory,
				Login:     func(context.Context) (token.Token, error) { return login, loginErr },
				Name:      name,
				TTL:       ttl,
				Timeout:   2 * s.settings.api.timeout,
			}),
		}
		// A resolver with one link and without a store keeps nothing.
		res, err := token.New(token.Options{
			Sources:     []token.Source{source},
			Narrower:    flyapi.NewNarrower(s.chain.directory, ttl),
			TokenTTL:    ttl,
			MinValidity: s.settings.minValidity,
			Observer:    s.chain.watch,
		}).Get(ctx, req)
		if id := source.id.Load(); err != nil && id != nil {
			// Minted, and then not fit to be handed out. Where this fails it is
			// tried again when the provider ends.
			_, _ = s.leases.revoke(ctx, *id)
		}
		return res, err
	})
}

// revoke revokes the token of that identifier with the login that minted it, or
// with the session's where another process did. It is not cut short by an
// interrupt, which is when it matters.
func (s *session) revoke(ctx context.Context, id string) error {
	ctx = context.WithoutCancel(ctx)
	if known, err := s.leases.revoke(ctx, id); known {
		return err
	}
	login, err := s.chain.login(ctx)
	if err != nil {
		return err
	}
	return s.chain.api.Revoke(ctx, login, id)
}

// leaseName is what `fly tokens list` shows a leased token as.
func leaseName(app string) string {
	return fmt.Sprintf("%s (ephemeral %s)", mintedName(app), strings.ToLower(rand.Text()[:8]))
}

// lessor is the api link, and notes what it mints before anybody can lose it.
type lessor struct {
	token.Source
	leases *leases
	revoke func(ctx context.Context, id string) error
	id     atomic.Pointer[string]
}

// Acquire mints.
func (l *lessor) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	c, err := l.Source.Acquire(ctx, req)
	if err != nil {
		return c, err
	}
	if c.ID == "" {
		return token.Candidate{}, &token.MissError{Reason: "Fly minted a token without an identifier, so that it could not be revoked"}
	}
	l.leases.hold(c.ID, func(ctx context.Context) error { return l.revoke(ctx, c.ID) })
	l.id.Store(&c.ID)
	return c, nil
}

// leaseError says why there is no token that could be revoked.
func leaseError(req token.Request, err error) diag.Diagnostic {
	var none *token.NoTokenError
	if errors.As(err, &none) && len(none.Attempts) > 0 {
		return diag.NewAttributeErrorDiagnostic(path.Root("revoke_on_close"), summaryReadApp, fmt.Sprintf(
			"With revoke_on_close, the token of app %q is minted over Fly's API for this run alone, and Fly's API gave none:\n\n  %s\n\n"+
				"Without revoke_on_close, any of the provider's sources will do.", req.App, strings.Join(strings.Fields(none.Attempts[0].Err.Error()), " ")))
	}
	return appTokenError(req, err)
}

// revokeError says that a token is still good.
func revokeError(id string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic(summaryRevoke, fmt.Sprintf(
		"The token that was minted for this run is still good, until it expires within the hour: %s. Revoke it with `fly tokens revoke %s`.", err, id))
}
