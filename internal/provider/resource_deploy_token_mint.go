package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// mint mints the planned token in place of the one replaced, and writes it to
// state.
func (r *deployTokenResource) mint(ctx context.Context, plan *deployTokenModel, replaced, before predecessor, state *tfsdk.State) diag.Diagnostics {
	set, w := r.session.settings, r.managed(ctx, plan, replaced, before)
	occupant, diags := r.reserve(ctx, plan, w)
	if diags.HasError() {
		return diags
	}
	diags.Append(r.session.mintHeld(ctx, plan.held(set), w, func(res token.Resolution) (heldToken, diag.Diagnostics) {
		plan.fill(res)
		stored := r.storeValue(ctx, plan, occupant, res)
		if stored.HasError() {
			return plan.held(set), stored
		}
		return plan.held(set), state.Set(ctx, plan)
	})...)
	return diags
}

// managed describes the mint for m in place of the token replaced.
func (r *deployTokenResource) managed(ctx context.Context, m *deployTokenModel, replaced, before predecessor) mint.Managed {
	w := r.session.managed(m.held(r.session.settings), replaced, before)
	w.Label, w.Spec, w.Stored = m.label(), m.spec(ctx), !m.inState()
	return w
}

// spec identifies the arguments.
func (m *deployTokenModel) spec(ctx context.Context) string {
	triggers := map[string]string{}
	_ = m.Triggers.ElementsAs(ctx, &triggers, false) // a map of strings, as the schema says
	arguments := []any{
		m.App.ValueString(), m.Name.ValueString(), m.Organization.ValueString(), m.Access.ValueString(),
		m.TTL.ValueString(), m.RotateBefore.ValueString(), m.Overlap.ValueString(), triggers,
	}
	if !m.inState() {
		arguments = append(arguments, "stored")
	}
	text, err := json.Marshal(arguments)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
