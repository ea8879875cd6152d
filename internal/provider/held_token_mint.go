package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// managed describes the mint for h in place of the token replaced, whose
// predecessor is before. The resource adds what only it knows.
func (s *session) managed(h heldToken, replaced, before predecessor) mint.Managed {
	env := s.settings.environment
	now := env.engineState()
	return mint.Managed{
		Request: h.request, TTL: h.life(), Workspace: env.workspace(),
		StateFile: now.version, Engine: now.engine, Replaces: replaced.ID, Predecessor: before.ID,
		Lost: func(one token.Mint) mint.Loss { return env.lost(s.start, one) },
	}
}

// mintHeld mints a token for h. put writes it to the state and returns it as h then
// is. If that fails, the token is revoked.
func (s *session) mintHeld(ctx context.Context, h heldToken, w mint.Managed, put func(token.Resolution) (heldToken, diag.Diagnostics)) diag.Diagnostics {
	if complaint := h.lateRotation(); complaint != "" {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("rotate_before"), summaryRotateBefore, complaint)}
	}
	res, err := s.watched(ctx, h.request, func(ctx context.Context) (token.Candidate, []token.Warning, error) {
		return s.minter.Managed(ctx, w)
	})
	diags := s.warnings(res.Warnings)
	diags.Append(s.storeWarnings()...)
	if err != nil {
		diags.Append(mintError(h.title, h.request, err))
		return diags
	}
	h, kept := put(res)
	if kept.HasError() {
		kept.Append(s.revoke(ctx, h, h.replaced(), "apply")...)
		diags.Append(kept...)
		return diags
	}
	s.minter.Keep(h.request.Place(), token.Candidate{Record: res.Record})
	if res.ExpiresAt.Sub(res.AcquiredAt) < h.rotates() {
		diags.Append(h.shortLifeWarning())
	}
	return diags
}
