package mint

import (
	"context"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var (
	_ token.Source  = (*Source)(nil)
	_ token.Limiter = (*Source)(nil)
	_ token.Minter  = (*Source)(nil)
)

// Source is the source "api": it mints over Fly's API with the user's login,
// without flyctl.
type Source struct {
	minter *Minter
	ttl    time.Duration
}

// Source returns the source "api", whose tokens are valid for ttl.
func (m *Minter) Source(ttl time.Duration) *Source { return &Source{minter: m, ttl: ttl} }

// Name returns [token.SourceAPI].
func (s *Source) Name() token.SourceName { return token.SourceAPI }

// Timeout bounds one Acquire: a lookup, a mint, and the calls after a
// failed mint.
func (s *Source) Timeout() time.Duration { return 2 * s.minter.cfg.Timeout }

// Slot waits until fewer than [flyapi.Config.MaxParallel] tokens are being minted.
func (s *Source) Slot(ctx context.Context) (release func(), err error) {
	return s.minter.issuer.Slot(ctx)
}

// Acquire mints a token for req under a new name.
func (s *Source) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	return s.Mint(ctx, req, token.MintName(req))
}

// Mint mints a token for req under an announced name. The error wraps
// [token.ErrMintUncertain] if the name must stay announced.
func (s *Source) Mint(ctx context.Context, req token.Request, name string) (token.Candidate, error) {
	return s.minter.mint(ctx, req, nil, name, s.ttl)
}
