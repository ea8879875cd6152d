package provider

import (
	"context"
	"errors"

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
	_ resource.Resource                = (*manualTokenResource)(nil)
	_ resource.ResourceWithConfigure   = (*manualTokenResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*manualTokenResource)(nil)
	_ resource.ResourceWithImportState = (*manualTokenResource)(nil)
)

func newManualTokenResource() resource.Resource { return &manualTokenResource{} }

// manualTokenResource is resource "fly_manual_token".
type manualTokenResource struct {
	session *session
}

// manualTokenModel is the resource's configuration, plan and state.
type manualTokenModel struct {
	App         types.String `tfsdk:"app"`
	Token       types.String `tfsdk:"token"`
	Fingerprint types.String `tfsdk:"fingerprint"`
	UpdatedAt   types.String `tfsdk:"updated_at"`
}

// Metadata names the resource.
func (r *manualTokenResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = typeName + "_manual_token"
}

// Schema describes the resource.
func (r *manualTokenResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Keeps a token of your own for one Fly app in the provider's storage, where the `manual` source finds it. " +
			"It needs neither flyctl nor a login. Storage is a folder on the machine that runs Terraform: on a machine without that folder the token is missing, and the next apply writes it again.\n\n" +
			"~> The token stands in clear text in the state, where everyone who can read the state can read it, and in the provider's storage, in a file that only its owner can read.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the app. Changing it replaces the resource.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
				Validators:          []validator.String{appName()},
			},
			"token": schema.StringAttribute{
				Required:  true,
				Sensitive: true,
				MarkdownDescription: "The token, as Fly printed it: with or without its scheme (`FlyV1`, `Bearer`) and with any white space. Two spellings of one token are the same. " +
					"A token that has expired is refused. Where storage holds another token than this resource put there, the next plan shows an update that puts this one back.",
				Validators: []validator.String{flyToken()},
			},
			"fingerprint": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The first 16 hex digits of the SHA-256 of the token that this resource keeps. It tells two tokens apart and gives nothing of them away.",
			},
			"updated_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the token was written to storage, as an RFC 3339 timestamp.",
			},
		},
	}
}

// Configure receives the provider's session.
func (r *manualTokenResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	s, diags := sessionFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	r.session = s
}

// ModifyPlan says as much of the outcome as the token tells. Another spelling of
// the token in state is no change: the state keeps the one it has.
func (r *manualTokenResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, state manualTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() || plan.Token.IsUnknown() {
		return
	}
	planned, err := token.Parse(plan.Token.ValueString())
	if err != nil {
		return // Reported by the attribute's validator.
	}
	kept, err := token.Parse(state.Token.ValueString())
	if err == nil && kept == planned && plan.App.Equal(state.App) {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &state)...)
		return
	}
	resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("fingerprint"), planned.Fingerprint())...)
}

// ImportState takes an app's record into the state, by the app's name. The token
// stays where it is: the plan that follows sets it from the configuration.
func (r *manualTokenResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if err := token.ValidateApp(req.ID); err != nil {
		resp.Diagnostics.AddError(summaryImportManual, "The import ID is the name of the app. "+quoted(req.ID)+" cannot be one.")
		return
	}
	resp.Diagnostics.Append(r.session.storageObstacles()...)
	if resp.Diagnostics.HasError() {
		return
	}
	storage := r.session.settings.storagePath
	rec, err := r.session.run.Manual(ctx, req.ID)
	switch {
	case errors.Is(err, token.ErrNoRecord):
		resp.Diagnostics.Append(noManualError(req.ID, storage))
	case err != nil:
		resp.Diagnostics.Append(manualError(summaryImportManual, req.ID, storage, err))
	default:
		model := manualTokenModel{App: types.StringValue(req.ID)}
		model.fill(rec)
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	}
}

// fill sets what is computed from the record that storage holds.
func (m *manualTokenModel) fill(rec token.Record) {
	m.Fingerprint = types.StringValue(rec.Token.Fingerprint())
	m.UpdatedAt = timestamp(rec.AcquiredAt)
}
