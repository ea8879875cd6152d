package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var (
	_ resource.ResourceWithConfigure      = (*manualTokenResource)(nil)
	_ resource.ResourceWithValidateConfig = (*manualTokenResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*manualTokenResource)(nil)
	_ resource.ResourceWithImportState    = (*manualTokenResource)(nil)
	_ resource.ResourceWithIdentity       = (*manualTokenResource)(nil)
)

func newManualTokenResource() resource.Resource { return &manualTokenResource{} }

// manualTokenResource is resource "fly_manual_token".
type manualTokenResource struct{ resourceSession }

// manualTokenModel is the resource's configuration, plan and state.
type manualTokenModel struct {
	App            types.String `tfsdk:"app"`
	Token          types.String `tfsdk:"token"`
	TokenWO        types.String `tfsdk:"token_wo"` // null except in the configuration
	TokenWOVersion types.Int64  `tfsdk:"token_wo_version"`
	WarnBefore     types.String `tfsdk:"warn_before"`
	Fingerprint    types.String `tfsdk:"fingerprint"`
	ExpiresAt      types.String `tfsdk:"expires_at"`
	UpdatedAt      types.String `tfsdk:"updated_at"`
}

// Metadata names the resource.
func (r *manualTokenResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = typeName + "_manual_token"
}

// Schema describes the resource.
func (r *manualTokenResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Stores your own token for one Fly app in the provider's storage, where the `manual` source finds it. " +
			"It needs neither flyctl nor a login. Storage is a folder on the machine that runs Terraform: on a machine without that folder the token is missing, and the next apply writes it again.\n\n" +
			"~> The token is stored in clear text in the provider's storage, in a file that only its owner can read. With `token` it is also stored in the state, where everyone with access to the state can read it. With `token_wo` it is not.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the app. Changing it replaces the resource.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{appName()},
			},
			"token": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "The token, as Fly printed it: with or without its scheme (`FlyV1`, `Bearer`) and with any white space. Two spellings of one token are equal. " +
					"An expired token is refused. If storage holds a different token than this resource wrote, the next plan shows an update that restores this one. " +
					"Set exactly one of `token` and `token_wo`. Prefer `token_wo` if the engine supports write-only arguments.",
				Validators: []validator.String{flyToken()},
			},
			"token_wo": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				WriteOnly: true,
				MarkdownDescription: "The same as `token`, but stored in neither state nor plan. It may be an ephemeral value. " +
					"A new value is written when `token_wo_version` changes, or when storage holds a different token than this resource wrote. Needs Terraform 1.11 or OpenTofu 1.11.",
				Validators: []validator.String{
					flyToken(),
					stringvalidator.AlsoRequires(path.MatchRoot("token_wo_version")),
				},
			},
			"token_wo_version": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "Any whole number. Change it to save a new `token_wo`, because the engine does not detect a change of that argument. " +
					"A plan warns if `token_wo` differs from the stored token while the version is unchanged.",
				Validators: []validator.Int64{int64validator.AlsoRequires(path.MatchRoot("token_wo"))},
			},
			"warn_before": resourceString(durationBetween(0, maxWarnBefore), "How long before its expiry plans warn about the token, as a duration such as `72h`, up to `8760h` (one year). "+
				"Defaults to `168h`, which is 7 days. `0s` warns only about an expired token."),
			"expires_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the token expires, as an RFC 3339 timestamp. Null if the token has no expiry.",
			},
			"fingerprint": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The first 16 hex digits of the SHA-256 of the token. It identifies the token without revealing it.",
			},
			"updated_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the token was written to storage, as an RFC 3339 timestamp.",
			},
		},
	}
}

// ValidateConfig checks that exactly one token is set. An unknown one may be
// either.
func (r *manualTokenResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config manualTokenModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || config.Token.IsUnknown() || config.TokenWO.IsUnknown() {
		return
	}
	switch {
	case config.Token.IsNull() && config.TokenWO.IsNull():
		resp.Diagnostics.AddError("Missing Fly Token",
			"Set token or, with token_wo_version, token_wo. In a configuration that was generated for an import, replace the null in the token line by the token.")
	case !config.Token.IsNull() && !config.TokenWO.IsNull():
		resp.Diagnostics.AddAttributeError(path.Root("token"), "Invalid Attribute Combination",
			"Set token or token_wo, not both. token_wo keeps the token out of the state.")
	}
}

// fill sets the computed attributes from the stored record.
func (m *manualTokenModel) fill(rec token.Record) {
	m.Fingerprint = types.StringValue(rec.Token.Fingerprint())
	m.UpdatedAt = timestamp(rec.AcquiredAt)
	m.ExpiresAt = timestamp(rec.ExpiresAt)
}
