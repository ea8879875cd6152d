package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var (
	_ resource.ResourceWithConfigure      = (*deployTokenResource)(nil)
	_ resource.ResourceWithValidateConfig = (*deployTokenResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*deployTokenResource)(nil)
	_ resource.ResourceWithImportState    = (*deployTokenResource)(nil)
)

// Bounds and the default of a deploy token's durations.
const (
	defaultDeployTTL = 720 * time.Hour
	minDeployTTL     = time.Second
	maxDeployTTL     = maxTokenTTL
)

func newDeployTokenResource() resource.Resource { return &deployTokenResource{} }

// deployTokenResource is resource "fly_deploy_token".
type deployTokenResource struct{ resourceSession }

// deployTokenModel is the resource's configuration, plan and state.
type deployTokenModel struct {
	App                 types.String `tfsdk:"app"`
	Name                types.String `tfsdk:"name"`
	Organization        types.String `tfsdk:"organization"`
	Access              types.String `tfsdk:"access"`
	TTL                 types.String `tfsdk:"ttl"`
	RotateBefore        types.String `tfsdk:"rotate_before"`
	Overlap             types.String `tfsdk:"overlap"`
	Triggers            types.Map    `tfsdk:"triggers"`
	TokenInState        types.Bool   `tfsdk:"token_in_state"`
	Token               types.String `tfsdk:"token"`
	AuthorizationHeader types.String `tfsdk:"authorization_header"`
	TokenID             types.String `tfsdk:"token_id"`
	ExpiresAt           types.String `tfsdk:"expires_at"`
	Fingerprint         types.String `tfsdk:"fingerprint"`
	PredecessorID       types.String `tfsdk:"predecessor_id"`
}

// Metadata names the resource.
func (r *deployTokenResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = typeName + "_deploy_token"
	resp.ResourceBehavior.MutableIdentity = true // a rotation changes the token's identifier
}

// ValidateConfig checks what concerns more than one attribute.
func (r *deployTokenResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model deployTokenModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || model.TTL.IsUnknown() || model.RotateBefore.IsUnknown() {
		return
	}
	if complaint := model.held(settings{}).lateRotation(); complaint != "" {
		resp.Diagnostics.AddAttributeError(path.Root("rotate_before"), summaryRotateBefore, complaint)
	}
}

// label is the part of the token's name that users choose.
func (m *deployTokenModel) label() string {
	return cmp.Or(m.Name.ValueString(), token.MintLabel(token.Request{App: m.App.ValueString()}))
}

// held describes the model's token.
func (m *deployTokenModel) held(set settings) heldToken {
	return heldToken{
		title: "Fly Deploy Token", request: set.request(m.App, m.Access, m.Organization), token: m.Token, id: m.TokenID,
		expiresAt: m.ExpiresAt, ttl: m.TTL, rotateBefore: m.RotateBefore,
	}
}

// fill sets the computed attributes from the minted token.
func (m *deployTokenModel) fill(res token.Resolution) {
	m.Token, m.AuthorizationHeader = types.StringNull(), types.StringNull()
	if m.inState() {
		m.Token = types.StringValue(res.Token.Reveal())
		m.AuthorizationHeader = types.StringValue(res.Token.AuthorizationHeader())
	}
	m.TokenID = types.StringValue(res.ID)
	m.ExpiresAt = timestamp(res.ExpiresAt)
	m.Fingerprint = types.StringValue(res.Token.Fingerprint())
}
