package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The bounds of an ephemeral's ttl and min_validity.
const (
	shortestEphemeral = time.Second
	longestEphemeral  = 7 * 24 * time.Hour
)

// The warning comes when a tenth of the token's life remains, or ten minutes if that
// is less.
const (
	warnPart = 10
	warnMost = 10 * time.Minute
)

// privateEnd is the key of the private data for the warning before a token's end.
const privateEnd = "end"

// ephemeralEnd is that private data.
type ephemeralEnd struct {
	App       string    `json:"app"`
	ExpiresAt time.Time `json:"expires_at"`
}

// lifetimeAttributes are those that say how long the token has to live.
func lifetimeAttributes() map[string]schema.Attribute {
	valid := []validator.String{durationBetween(shortestEphemeral, longestEphemeral)}
	return map[string]schema.Attribute{
		"ttl": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Lifetime of the token, as a duration such as `8h`, up to `168h`. It needs `revoke_on_close`: other tokens are shared, and live for the provider's `token_ttl`. " +
				"Defaults to `1h`, or to `token_ttl` if that is less.",
			Validators: valid,
		},
		"min_validity": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "How long the token must be valid when it is opened, as a duration such as `4h`. Set it to the longest duration of an apply. " +
				"If the stored token expires sooner, it is replaced. It must be less than `token_ttl`, or than `ttl` with `revoke_on_close`. Defaults to the provider's `min_validity`.",
			Validators: valid,
		},
	}
}

// validateLifetime checks the lifetimes against each other.
func (m *appTokenEphemeralModel) validateLifetime() diag.Diagnostics {
	var diags diag.Diagnostics
	if !m.TTL.IsNull() && !m.RevokeOnClose.IsUnknown() && !m.RevokeOnClose.ValueBool() {
		diags.AddAttributeError(path.Root("ttl"), "Invalid Attribute Combination",
			"Without revoke_on_close, the token is shared with other runs and lives for the provider's token_ttl. Set revoke_on_close = true, or set min_validity instead of ttl.")
	}
	shortest, known := knownDuration(m.MinValidity, 0)
	ttl, ttlKnown := knownDuration(m.TTL, longestEphemeral)
	if known && ttlKnown && shortest >= ttl {
		diags.AddAttributeError(path.Root("min_validity"), "Invalid Attribute Combination",
			fmt.Sprintf("min_validity (%s) must be less than ttl (%s).", short(shortest), short(ttl)))
	}
	return diags
}

// expiry is when the model's token expires; zero if that is unknown.
func (m *appTokenModel) expiry() time.Time {
	at, _ := parseInstant(m.ExpiresAt)
	return at
}

// readAppTokenFor is [session.readAppToken], and replaces a token that expires before
// the model's min_validity.
func (s *session) readAppTokenFor(ctx context.Context, m *appTokenEphemeralModel) diag.Diagnostics {
	demand := durationOr(m.MinValidity, 0)
	if demand == 0 {
		return s.readAppToken(ctx, &m.appTokenModel)
	}
	diags := s.flaws(m.overridden()...)
	if diags.HasError() {
		return diags
	}
	if ttl := s.settings.tokenTTL; demand >= ttl {
		diags.AddAttributeError(path.Root("min_validity"), summaryReadApp, fmt.Sprintf(
			"min_validity (%s) must be less than the provider's token_ttl (%s). Set a longer token_ttl, or set revoke_on_close = true with a ttl.", short(demand), short(ttl)))
		return diags
	}
	diags.Append(s.readAppToken(ctx, &m.appTokenModel)...)
	if diags.HasError() || time.Until(m.expiry()) >= demand {
		return diags
	}
	if m.ExpiresAt.IsNull() {
		diags.AddAttributeWarning(path.Root("min_validity"), "Lifetime of Fly Token Is Unknown", fmt.Sprintf(
			"The token of app %q does not state when it expires, so the provider cannot check min_validity.", m.App.ValueString()))
		return diags
	}
	res, err := s.resolver.Refresh(ctx, m.request(s.settings), token.PolicyAlways)
	diags.Append(s.storeWarnings()...)
	switch {
	case err != nil:
		diags.AddAttributeError(path.Root("min_validity"), summaryReadApp, fmt.Sprintf(
			"The token of app %q expires at %s, which is sooner than min_validity (%s). No source has a token that is valid for longer:\n\n  %s",
			m.App.ValueString(), m.ExpiresAt.ValueString(), short(demand), oneLine(err)))
		return diags
	case !res.ExpiresAt.IsZero() && time.Until(res.ExpiresAt) < demand:
		diags.AddAttributeError(path.Root("min_validity"), summaryReadApp, fmt.Sprintf(
			"The token of app %q that the %s source has expires at %s, which is sooner than min_validity (%s). Set a longer token_ttl, or set revoke_on_close = true with a ttl.",
			m.App.ValueString(), res.Source, timestamp(res.ExpiresAt).ValueString(), short(demand)))
		return diags
	}
	diags.Append(s.warnings(res.Warnings)...)
	m.fill(res)
	return diags
}

// warnLater has the engine call Renew shortly before the token expires.
func (e *appTokenEphemeral) warnLater(ctx context.Context, m *appTokenEphemeralModel, resp *ephemeral.OpenResponse) diag.Diagnostics {
	end := m.expiry()
	left := time.Until(end)
	if end.IsZero() || left <= 0 {
		return nil
	}
	resp.RenewAt = end.Add(-min(left/warnPart, warnMost))
	return writePrivate(ctx, resp.Private, privateEnd, ephemeralEnd{App: m.App.ValueString(), ExpiresAt: end})
}

// Renew warns that the token is about to expire, because an engine cannot give a new
// token to a run that uses the old one. OpenTofu shows the warning when the run ends.
// Terraform drops it, so the log has it, too.
func (e *appTokenEphemeral) Renew(ctx context.Context, req ephemeral.RenewRequest, resp *ephemeral.RenewResponse) {
	end, diags := readPrivate[ephemeralEnd](ctx, req.Private, privateEnd)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || end.App == "" {
		return
	}
	tflog.Warn(ctx, "a Fly app token expires during this run", map[string]any{"fly.app": end.App, "fly.token.expires_at": end.ExpiresAt.UTC().Format(time.RFC3339)})
	resp.Diagnostics.AddWarning("Fly Token Expires During This Run", fmt.Sprintf(
		"The token of app %q expires at %s, and this run still used it shortly before. What used it later may have been refused. "+
			"Set min_validity of the ephemeral resource to more than the duration of the run, or set revoke_on_close = true with a longer ttl.",
		end.App, end.ExpiresAt.UTC().Format(time.RFC3339)))
}
