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

// Source is the api link: it mints over Fly's API with the user's login, and needs
// no flyctl.
type Source struct {
	minter *Minter
	ttl    time.Duration
}

// Source returns the api link, whose tokens live for ttl.
func (m *Minter) Source(ttl time.Duration) *Source { return &Source{minter: m, ttl: ttl} }

// Name returns [token.SourceAPI].
func (s *Source) Name() token.SourceName { return token.SourceAPI }

// Timeout bounds one Acquire: a look-up, a mint, and what settles one that failed.
func (s *Source) Timeout() time.Duration { return 2 * s.minter.cfg.Timeout }

// Slot waits until fewer than [flyapi.MaxInFlight] tokens are being minted.
func (s *Source) Slot(ctx context.Context) (release func(), err error) {
	return s.minter.issuer.Slot(ctx)
}

// Acquire mints a token for req under a new name.
func (s *Source) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	return s.Mint(ctx, req, token.MintName(req.App))
}

// Mint mints a token for req under a name that was announced. The error wraps
// [token.ErrUnsettled] where the name has to stay announced.
func (s *Source) Mint(ctx context.Context, req token.Request, name string) (token.Candidate, error) {
	return s.minter.Mint(ctx, req, name, s.ttl)
}
