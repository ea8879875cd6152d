package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

const (
	// mintLockWait bounds the wait for other mints for the same app, each of which
	// takes seconds.
	mintLockWait = 2 * time.Minute
	// mintSlack is how much later than asked a token may end: the request takes
	// its time.
	mintSlack = 10 * time.Minute
)

// managedMint is a token to be minted for a resource.
type managedMint struct {
	request token.Request
	// label begins the token's name.
	label string
	ttl   time.Duration
	// keep takes the token into the state. Where it fails, the token is revoked.
	keep func(token.Resolution) diag.Diagnostics
}

// mintManaged mints, so that no token is left at Fly that nobody knows: what a
// process that died left is revoked first, and the mint is written down before
// Fly is asked for it. Without storage it mints all the same.
func (s *session) mintManaged(ctx context.Context, m managedMint) diag.Diagnostics {
	a, diags := s.announce(ctx, tokenstore.Mint{
		Request:   m.request,
		Name:      fmt.Sprintf("%s (terraform %s)", m.label, strings.ToLower(rand.Text()[:10])),
		ExpiresAt: s.now().Add(m.ttl + mintSlack),
	})
	defer a.unlock()
	if err := ctx.Err(); err != nil {
		diags.Append(mintError(m.request, err))
		return diags
	}
	res, err := s.mint(ctx, m.request, a.mint.Name, m.ttl)
	if err != nil {
		s.clear(ctx, a, err)
		diags.Append(mintError(m.request, err))
		return diags
	}
	kept := m.keep(res)
	if err := a.settle(ctx); err != nil && !kept.HasError() {
		// Left announced, it would be revoked by the next mint for the app.
		kept.Append(unsettledError(m.request.App, err))
	}
	diags.Append(kept...)
	if !kept.HasError() {
		s.leases.keep(res.ID)
	} else if err := s.revoke(ctx, res.ID); err != nil {
		diags.Append(stillGoodError(predecessor{ID: res.ID, ExpiresAt: res.ExpiresAt}, m.request.App, err))
	}
	return diags
}

// announcement is a mint that was written down, or could not be.
type announcement struct {
	mint tokenstore.Mint
	// store is nil where it is not written down.
	store *tokenstore.Store
	// unlock lets other mints for the app go on.
	unlock func()
}

// settle forgets the mint.
func (a announcement) settle(ctx context.Context) error {
	if a.store == nil {
		return nil
	}
	return a.store.SettleMint(context.WithoutCancel(ctx), a.mint)
}

// announce writes a mint down, once what others left is cleared away, and keeps
// other mints for the app waiting. Storage that cannot be used is a warning.
func (s *session) announce(ctx context.Context, mint tokenstore.Mint) (announcement, diag.Diagnostics) {
	a := announcement{mint: mint, unlock: func() {}}
	if s.store == nil {
		return a, nil
	}
	var diags diag.Diagnostics
	waiting, cancel := context.WithTimeout(ctx, mintLockWait)
	defer cancel()
	unlock, err := s.store.LockMints(waiting, mint.Request.App)
	if err == nil {
		a.unlock = unlock
		diags.Append(s.sweep(ctx, mint.Request.App)...)
		err = s.store.AnnounceMint(ctx, mint)
	}
	if err == nil {
		a.store = s.store
	} else if ctx.Err() == nil {
		diags.Append(s.warnings([]token.Warning{{
			Summary: "Fly Token Storage Cannot Be Used",
			Detail:  "A token that is minted while this process is killed will stay at Fly until it expires, because the mint could not be written down: " + plain(err.Error()) + ".",
		}})...)
	}
	diags.Append(s.storeWarnings()...)
	return a, diags
}

// sweep revokes what was minted for app by processes that are gone and did not
// get it into a state. The mints are locked.
func (s *session) sweep(ctx context.Context, app string) diag.Diagnostics {
	var diags diag.Diagnostics
	mints, err := s.store.AnnouncedMints(ctx, app)
	if err != nil {
		diags.Append(leftMintWarning(app, err))
	}
	for _, m := range mints {
		// One that Fly does not list may yet be made: its request may be on its
		// way.
		found := true
		if s.now().Before(m.ExpiresAt) {
			found, err = s.revokeNamed(ctx, m)
		}
		if err == nil && found {
			err = s.store.SettleMint(ctx, m)
		}
		if err != nil {
			diags.Append(leftMintWarning(app, err))
			return diags
		}
	}
	return diags
}

// clear undoes a mint that failed. Where Fly gave no answer it may have minted all
// the same; what cannot be told now is left to the next sweep.
func (s *session) clear(ctx context.Context, a announcement, failure error) {
	unanswered := errors.Is(failure, flyapi.ErrUnavailable) || errors.Is(failure, context.Canceled) ||
		errors.Is(failure, context.DeadlineExceeded) || errors.Is(failure, errEnding)
	if unanswered && ctx.Err() != nil {
		return
	}
	if unanswered {
		if found, err := s.revokeNamed(ctx, a.mint); !found || err != nil {
			return
		}
	}
	// One that stays written down is looked for once more, and has no token.
	_ = a.settle(ctx)
}

// revokeNamed revokes the token that a mint made, and reports whether there is
// one.
func (s *session) revokeNamed(ctx context.Context, mint tokenstore.Mint) (found bool, err error) {
	listed, err := s.listed(ctx, mint.Request)
	if err != nil {
		return false, err
	}
	for _, one := range listed {
		if one.Name != mint.Name {
			continue
		}
		found = true
		if !one.RevokedAt.IsZero() {
			continue
		}
		if err := s.revoke(ctx, one.ID); err != nil && !errors.Is(err, flyapi.ErrNoSuchToken) {
			return found, err
		}
	}
	return found, nil
}

// listed returns the tokens among which Fly lists one that was minted for req: a
// deploy token is its app's, and any other is minted for the organization and
// narrowed here.
func (s *session) listed(ctx context.Context, req token.Request) ([]flyapi.Listed, error) {
	login, err := s.chain.login(ctx)
	if err != nil {
		return nil, err
	}
	if req.Access == token.AccessDeploy {
		return s.chain.api.ListAppTokens(ctx, login, req.App)
	}
	slug, err := s.chain.directory.OrganizationSlug(ctx, req.App)
	if err != nil {
		return nil, err
	}
	return s.chain.api.ListOrganizationTokens(ctx, login, slug)
}
