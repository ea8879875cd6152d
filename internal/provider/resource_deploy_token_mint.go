package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// mint mints the planned token in place of the token of prior, and writes it to
// state. If that fails, it revokes the token.
func (r *deployTokenResource) mint(ctx context.Context, plan, prior *deployTokenModel, before predecessor, state *tfsdk.State) diag.Diagnostics {
	if complaint := plan.held(r.session.settings).lateRotation(); complaint != "" {
		return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("rotate_before"), summaryRotateBefore, complaint)}
	}
	s := r.session
	request := plan.request(s.settings)
	res, err := s.watched(ctx, request, func(ctx context.Context) (token.Candidate, []token.Warning, error) {
		return s.minter.Managed(ctx, r.managed(ctx, plan, prior, before))
	})
	diags := s.warnings(res.Warnings)
	diags.Append(s.storeWarnings()...)
	if err != nil {
		diags.Append(mintError(plan.held(s.settings).title, request, err))
		return diags
	}
	plan.fill(res)
	kept := state.Set(ctx, plan)
	if kept.HasError() {
		held := plan.held(s.settings)
		kept.Append(s.revoke(ctx, held, held.replaced(), "apply")...)
		diags.Append(kept...)
		return diags
	}
	s.minter.Keep(request.App, token.Candidate{Record: res.Record})
	if held := plan.held(s.settings); res.ExpiresAt.Sub(res.AcquiredAt) < held.rotates() {
		diags.Append(held.shortLifeWarning())
	}
	return diags
}

// managed describes the mint for m, in place of the token of prior.
func (r *deployTokenResource) managed(ctx context.Context, m, prior *deployTokenModel, before predecessor) mint.Managed {
	file, engine := r.session.settings.environment.engineState()
	w := mint.Managed{
		StateFile: file, Engine: engine,
		Request: m.request(r.session.settings), Label: m.label(), TTL: m.held(r.session.settings).life(),
		Workspace: r.session.settings.environment.workspace(), Spec: m.spec(ctx), Predecessor: before.ID,
	}
	if prior != nil {
		w.Replaces = prior.TokenID.ValueString()
	}
	return w
}

// spec identifies the arguments.
func (m *deployTokenModel) spec(ctx context.Context) string {
	triggers := map[string]string{}
	_ = m.Triggers.ElementsAs(ctx, &triggers, false) // a map of strings, as the schema says
	text, err := json.Marshal([]any{
		m.App.ValueString(), m.Name.ValueString(), m.Organization.ValueString(), m.Access.ValueString(),
		m.TTL.ValueString(), m.RotateBefore.ValueString(), triggers,
	})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
