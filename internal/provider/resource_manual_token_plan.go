package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	defaultWarnBefore = 7 * 24 * time.Hour
	maxWarnBefore     = 365 * 24 * time.Hour
)

// ModifyPlan plans the known part of the result. A different spelling of the
// token in state is not a change: the state keeps its own. A write-only token
// may differ at apply.
func (r *manualTokenResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, state manualTokenModel
	var writeOnly types.String
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("token_wo"), &writeOnly)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() || plan.Token.IsUnknown() {
		return
	}
	value := plan.Token
	if value.IsNull() {
		value = writeOnly
	}
	// An unknown or malformed value is the zero token. The attribute's
	// validator reports malformed ones.
	configured, _ := token.Parse(value.ValueString())
	if plan.keeps(state, configured) {
		plan.keep(state)
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
		resp.Diagnostics.Append(plan.staleVersion(configured)...)
		resp.Diagnostics.Append(plan.expiryWarning(r.now())...)
		return
	}
	if configured.IsZero() {
		return
	}
	app := plan.App.ValueString()
	if end, known := configured.Expiry(r.now()); known && end.Before(r.now()) {
		resp.Diagnostics.Append(saveManualError(app, "", path.Root(plan.argument()), fmt.Errorf("%w: at %s", token.ErrExpired, end.UTC().Format(time.RFC3339))))
		return
	} else if known {
		plan.ExpiresAt = timestamp(end)
		resp.Diagnostics.Append(plan.expiryWarning(r.now())...)
	}
	if !plan.Token.IsNull() {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("fingerprint"), configured.Fingerprint())...)
	}
}

// now is the time that decides about expiry.
func (r *manualTokenResource) now() time.Time {
	if r.session == nil {
		return time.Now()
	}
	return r.session.now()
}

// argument names the argument with the token.
func (m *manualTokenModel) argument() string {
	if m.Token.IsNull() {
		return "token_wo"
	}
	return "token"
}

// keeps reports whether an apply of the plan m leaves storage unchanged.
func (m *manualTokenModel) keeps(state manualTokenModel, configured token.Token) bool {
	switch {
	case !m.App.Equal(state.App):
		return false
	case m.Token.IsNull():
		return !m.TokenWOVersion.IsNull() && m.TokenWOVersion.Equal(state.TokenWOVersion)
	default:
		kept, err := token.Parse(state.Token.ValueString())
		return err == nil && kept == configured
	}
}

// keep plans the stored token's attributes unchanged.
func (m *manualTokenModel) keep(state manualTokenModel) {
	m.Token, m.Fingerprint, m.UpdatedAt, m.ExpiresAt = state.Token, state.Fingerprint, state.UpdatedAt, state.ExpiresAt
}

// staleVersion warns if a write-only token differs from the stored one while
// the version is equal, because the engine then shows no change.
func (m *manualTokenModel) staleVersion(configured token.Token) diag.Diagnostics {
	var diags diag.Diagnostics
	if !m.Token.IsNull() || configured.IsZero() || configured.Fingerprint() == m.Fingerprint.ValueString() {
		return diags
	}
	diags.AddAttributeWarning(path.Root("token_wo_version"), "Unable to Save New token_wo", fmt.Sprintf(
		"token_wo holds a different token for app %q (fingerprint %s) than the stored one (%s), and token_wo_version is still %d. "+
			"The stored token stays in use. Change token_wo_version to save the new one.",
		m.App.ValueString(), configured.Fingerprint(), m.Fingerprint.ValueString(), m.TokenWOVersion.ValueInt64()))
	return diags
}

// expiryWarning warns about a token that expires within warn_before.
func (m *manualTokenModel) expiryWarning(now time.Time) diag.Diagnostics {
	var diags diag.Diagnostics
	end, err := time.Parse(time.RFC3339, m.ExpiresAt.ValueString())
	before, ok := knownDuration(m.WarnBefore, defaultWarnBefore)
	if err != nil || !ok || end.Sub(now) > before {
		return diags
	}
	replace := "set token to it"
	if m.Token.IsNull() {
		replace = "set token_wo to it, and change token_wo_version"
	}
	app := m.App.ValueString()
	if end.Before(now) {
		diags.AddWarning("Manual Token Has Expired", fmt.Sprintf(
			"The manual token of app %q expired at %s and is no longer used. Create a new one, for example with `fly tokens create deploy -a %[1]s`, and %[3]s.", app, m.ExpiresAt.ValueString(), replace))
		return diags
	}
	left := end.Sub(now).Round(time.Minute)
	if left > 24*time.Hour {
		left = left.Round(time.Hour)
	}
	diags.AddWarning("Manual Token Expires Soon", fmt.Sprintf(
		"The manual token of app %q expires at %s, in %s. Create a new one, for example with `fly tokens create deploy -a %[1]s`, and %[4]s. "+
			"The warning begins %[5]s before the expiry. warn_before sets this time.",
		app, m.ExpiresAt.ValueString(), short(left), replace, short(before)))
	return diags
}
