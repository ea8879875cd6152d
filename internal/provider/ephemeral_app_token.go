package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*appTokenEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*appTokenEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithClose          = (*appTokenEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithRenew          = (*appTokenEphemeral)(nil)
)

// privateID is the key of the private data that names the token to revoke. It
// holds Fly's identifier of the token, which is not a secret.
const privateID = "id"

func newAppTokenEphemeral() ephemeral.EphemeralResource { return &appTokenEphemeral{} }

// appTokenEphemeral is ephemeral "fly_app_token".
type appTokenEphemeral struct{ ephemeralSession }

// appTokenEphemeralModel is the ephemeral's configuration and result.
type appTokenEphemeralModel struct {
	appTokenModel
	RevokeOnClose types.Bool   `tfsdk:"revoke_on_close"`
	TTL           types.String `tfsdk:"ttl"`
	MinValidity   types.String `tfsdk:"min_validity"`
}

// Metadata names the ephemeral resource.
func (e *appTokenEphemeral) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = typeName + "_app_token"
}

// Schema describes the ephemeral resource.
func (e *appTokenEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"revoke_on_close": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether to mint a separate token for this run: over Fly's API, independent of the provider's `sources`, and not stored. It is valid for `ttl`, and revoked as soon as the engine closes it. " +
				"Each plan and each apply then mints one and revokes it. This needs a user's login, not a scoped token. " +
				"After a failed or interrupted apply, it is revoked when the provider ends. If the provider is killed, the next mint of such a token for the app with the same storage revokes it. Until then `fly tokens list` shows it as `terraform-provider-fly APP (ephemeral …)`. " +
				"Defaults to `false`: the token is shared with other runs, and closing does not revoke it.",
		},
	}
	maps.Copy(attributes, lifetimeAttributes())
	for name, a := range appTokenAttributes() {
		attributes[name] = schema.StringAttribute(a)
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The API token of one Fly app, like the data source of the same name, but in neither state nor plan. " +
			"Use it where the engine accepts ephemeral values: in write-only arguments, in provider blocks, in provisioners, in other ephemeral resources.\n\n" +
			"Plan and apply share one token through the provider's storage, where a minted token stays until it must be replaced. " +
			"The token is valid for at least the provider's `min_validity` when it is opened. A running apply cannot receive a new token: for a longer apply, set `min_validity` or `ttl` here. " +
			"The provider logs a warning if the token is about to expire during the run. OpenTofu also shows it when the run ends.\n\n" +
			"-> Ephemeral resources need Terraform 1.10 or OpenTofu 1.11.",
		Attributes: attributes,
	}
}

// ValidateConfig checks what concerns more than one attribute.
func (e *appTokenEphemeral) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var model appTokenEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.RevokeOnClose.ValueBool() && !model.Refresh.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("refresh"), "Invalid Attribute Combination",
			"refresh selects the stored tokens to replace. With revoke_on_close the token is always new, so omit refresh.")
	}
	resp.Diagnostics.Append(model.validateLifetime()...)
}

// Open resolves the app's token, or mints one for this opening alone.
func (e *appTokenEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model appTokenEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.RevokeOnClose.ValueBool() {
		resp.Diagnostics.Append(e.openLease(ctx, &model, resp)...)
	} else {
		resp.Diagnostics.Append(e.session.readAppTokenFor(ctx, &model)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(e.warnLater(ctx, &model, resp)...)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
}

// openLease fills model from a token that Close revokes.
func (e *appTokenEphemeral) openLease(ctx context.Context, model *appTokenEphemeralModel, resp *ephemeral.OpenResponse) diag.Diagnostics {
	diags := e.session.flaws(model.overridden()...)
	if diags.HasError() {
		return diags
	}
	request := model.request(e.session.settings)
	res, err := e.session.lease(ctx, request, nil, durationOr(model.TTL, min(e.session.settings.tokenTTL, mint.LeaseTTL)))
	diags.Append(e.session.warnings(res.Warnings)...)
	diags.Append(e.session.storeWarnings()...)
	if err != nil {
		diags.Append(leaseError(request, err))
		return diags
	}
	model.fill(res)
	diags.Append(writePrivate(ctx, resp.Private, privateID, res.ID)...)
	return diags
}

// Close revokes a token that Open minted for this run. A shared token is
// unchanged.
func (e *appTokenEphemeral) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	id, diags := readPrivate[string](ctx, req.Private, privateID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || id == "" {
		return
	}
	// Like Open, Close works without it.
	resp.Diagnostics.Append(e.session.blocked(func(attribute string) bool { return attribute == "api" })...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := e.session.minter.Revoke(ctx, id); err != nil {
		resp.Diagnostics.Append(revokeError(id, err))
	}
}
