package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ action.ActionWithConfigure = (*appTokenInvalidateAction)(nil)

func newAppTokenInvalidateAction() action.Action { return &appTokenInvalidateAction{} }

// appTokenInvalidateAction is action "fly_app_token_invalidate".
type appTokenInvalidateAction struct{ actionSession }

// appTokenInvalidateModel is the action's configuration.
type appTokenInvalidateModel struct {
	App    types.String `tfsdk:"app"`
	Revoke types.Bool   `tfsdk:"revoke"`
}

// Metadata names the action.
func (a *appTokenInvalidateAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = typeName + "_app_token_invalidate"
}

// Schema describes the action.
func (a *appTokenInvalidateAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Drops every minted token of an app from storage, for every access and organization, and the token that the apps of its organization share. The next read acquires a new one. " +
			"Manual tokens, and logins of flyctl or in the environment, are unchanged.\n\n" +
			"This alone revokes nothing: the tokens stay valid at Fly until they expire. With `revoke` they end now, and Fly refuses their remaining consumers, such as a CI job with a token as its secret.\n\n" +
			"-> Actions need Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the app.",
				Validators:          []validator.String{appName()},
			},
			"revoke": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to revoke the dropped tokens at Fly, and those that this provider minted for reads of the app on other machines. It finds these in Fly's lists by their names. " +
					"Revoking needs the login of a member of the app's organization. Tokens of `fly_deploy_token` are not revoked: use the action `fly_token_revoke` for them. " +
					"A token that was narrowed from a login or from a manual token ends only with that login or token. " +
					"The action fails if a token could not be revoked, and names it. Run the action again to try again. Defaults to `false`.",
			},
		},
	}
}

// Invoke drops the app's minted tokens, and revokes them if the configuration
// says so.
func (a *appTokenInvalidateAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model appTokenInvalidateModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(a.flaws(model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	app := model.App.ValueString()
	if model.Revoke.ValueBool() {
		resp.Diagnostics.Append(a.session.revokeApp(ctx, app, []token.MintKind{token.MintSource}, resp.SendProgress)...)
	} else {
		resp.Diagnostics.Append(a.drop(ctx, app, resp.SendProgress)...)
	}
	resp.Diagnostics.Append(a.session.storeWarnings()...)
}

// drop drops the stored tokens of an app, and revokes nothing.
func (a *appTokenInvalidateAction) drop(ctx context.Context, app string, send func(action.InvokeProgressEvent)) diag.Diagnostics {
	return a.session.atPlaces(ctx, app, func(place string) (organization string, diags diag.Diagnostics) {
		var records []token.Record
		if a.session.store != nil {
			// A record that cannot be read is also dropped.
			records, organization, _ = a.session.store.MintedRecords(ctx, place)
		}
		if err := a.session.dropStored(ctx, place, len(records), send); err != nil {
			diags.Append(invalidateError(place, a.session.settings.storage.String(), err))
		}
		return organization, diags
	})
}

// flaws returns the flaws that affect the action. Dropping tokens needs only
// storage.
func (a *appTokenInvalidateAction) flaws(model appTokenInvalidateModel) diag.Diagnostics {
	if model.Revoke.ValueBool() {
		return a.session.flaws("refresh", "organization")
	}
	return a.session.storageFlaws()
}

// tokens counts tokens in words.
func tokens(n int) string {
	if n == 1 {
		return "1 token"
	}
	return fmt.Sprintf("%d tokens", n)
}
