package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/actionvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var (
	_ action.ActionWithConfigure        = (*tokenRevokeAction)(nil)
	_ action.ActionWithConfigValidators = (*tokenRevokeAction)(nil)
)

func newTokenRevokeAction() action.Action { return &tokenRevokeAction{} }

// tokenRevokeAction is action "fly_token_revoke".
type tokenRevokeAction struct{ actionSession }

// tokenRevokeModel is the action's configuration.
type tokenRevokeModel struct {
	ID    types.String `tfsdk:"id"`
	Token types.String `tfsdk:"token"`
	App   types.String `tfsdk:"app"`
}

// Metadata names the action.
func (a *tokenRevokeAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = typeName + "_token_revoke"
}

// Schema describes the action.
func (a *tokenRevokeAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Revokes tokens at Fly, for example after a leak: one token by its identifier or its value, or every token that this provider minted for an app. " +
			"Revoked tokens are also removed from the provider's storage. Running the action again is harmless: it reports which tokens were already revoked.\n\n" +
			"It needs the login of a member of the organization. The action fails if a token is still live, and names it.\n\n" +
			"-> Actions need Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"id": actionString(tokenID(), "Fly's identifier of the token, which `data \"fly_tokens\"` and `fly tokens list` show. Set exactly one of `id`, `token` and `app`."),
			"token": schema.StringAttribute{
				Optional:  true,
				WriteOnly: true,
				MarkdownDescription: "The token itself, with or without its scheme. The provider finds it in Fly's lists, even if it was narrowed. " +
					"All tokens that were narrowed from the same token end with it. A login (`fo1_…`) cannot be revoked this way.",
				Validators: []validator.String{flyToken()},
			},
			"app": actionString(appName(), "Name of an app. The action revokes every token that this provider minted for it, on any machine: those of data sources, ephemeral resources and `fly_deploy_token`. "+
				"It finds them in Fly's lists of the app and of its organization by the names that the provider gives. The next apply mints new ones."),
		},
	}
}

// ConfigValidators returns the rules between attributes.
func (a *tokenRevokeAction) ConfigValidators(context.Context) []action.ConfigValidator {
	return []action.ConfigValidator{actionvalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("token"), path.MatchRoot("app"))}
}

// Invoke revokes the tokens that the configuration selects.
func (a *tokenRevokeAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model tokenRevokeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(a.session.apiFlaws()...)
	resp.Diagnostics.Append(a.session.storageFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	switch {
	case !model.ID.IsNull():
		resp.Diagnostics.Append(a.session.revokeID(ctx, model.ID.ValueString(), resp.SendProgress)...)
	case !model.Token.IsNull():
		resp.Diagnostics.Append(a.session.revokeValue(ctx, model.Token.ValueString(), resp.SendProgress)...)
	default:
		kinds := []token.MintKind{token.MintSource, token.MintManaged, token.MintLease}
		resp.Diagnostics.Append(a.session.revokeApp(ctx, model.App.ValueString(), kinds, resp.SendProgress)...)
	}
	resp.Diagnostics.Append(a.session.storeWarnings()...)
}
