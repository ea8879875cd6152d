package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// mint mints the planned token in place of the one replaced, and writes it to
// state. If that fails, the token is revoked.
func (r *managedTokenResource) mint(ctx context.Context, plan *managedToken, replaced, before predecessor, state *tfsdk.State) diag.Diagnostics {
	diags := plan.lateRotation()
	kind, more := plan.mintKind(ctx)
	diags.Append(more...)
	if diags.HasError() {
		return diags
	}
	w := r.managed(plan, replaced, before)
	w.Kind = kind
	occupant, more := r.reserve(ctx, plan, w)
	diags.Append(more...)
	if diags.HasError() {
		return diags
	}
	res, err := r.session.watched(ctx, w.Request, func(ctx context.Context) (token.Candidate, []token.Warning, error) {
		return r.session.minter.Managed(ctx, w)
	})
	diags.Append(r.session.warnings(res.Warnings)...)
	diags.Append(r.session.storeWarnings()...)
	if err != nil {
		diags.Append(mintError(r.kind.title, w.Request, err))
		return diags
	}
	plan.fill(res)
	kept := r.storeValue(ctx, plan, occupant, res)
	if !kept.HasError() {
		kept.Append(writeFields(ctx, state, plan.fields())...)
	}
	diags.Append(kept...)
	if kept.HasError() {
		diags.Append(r.session.revoke(ctx, plan, plan.replaced(), "apply")...)
		return diags
	}
	r.session.minter.Keep(w.Request.Place(), token.Candidate{Record: res.Record})
	if res.ExpiresAt.Sub(res.AcquiredAt) < plan.rotates() {
		diags.Append(plan.shortLifeWarning())
	}
	return diags
}

// managed describes the mint for m in place of the token replaced, whose
// predecessor is before.
func (r *managedTokenResource) managed(m *managedToken, replaced, before predecessor) mint.Managed {
	env := r.session.settings.environment
	now := env.engineState()
	return mint.Managed{
		Request: m.request(), TTL: m.life(), Label: m.label(), Spec: m.spec(), Stored: !m.inState(), Workspace: env.workspace(),
		StateFile: now.version, Engine: now.engine, Replaces: replaced.ID, Predecessor: before.ID,
		Lost: func(one token.Mint) mint.Loss { return env.lost(r.session.start, one) },
	}
}
