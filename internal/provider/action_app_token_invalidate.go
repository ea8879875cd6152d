package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var (
	_ action.Action              = (*appTokenInvalidateAction)(nil)
	_ action.ActionWithConfigure = (*appTokenInvalidateAction)(nil)
)

func newAppTokenInvalidateAction() action.Action { return &appTokenInvalidateAction{} }

// appTokenInvalidateAction is action "fly_app_token_invalidate".
type appTokenInvalidateAction struct {
	session *session
}

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
		MarkdownDescription: "Drops every minted token that this machine keeps for an app, whatever access and organization it was minted for. The next read acquires another. " +
			"Manual tokens, and the logins that flyctl or the environment hold, stay as they are.\n\n" +
			"By itself that revokes nothing: the tokens are good at Fly until they expire. With `revoke` they end now, and whatever still uses one of them, such as a secret of a CI job, is refused.\n\n" +
			"-> Actions need Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the app.",
				Validators:          []validator.String{appName()},
			},
			"revoke": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether the dropped tokens are revoked at Fly as well, which takes the login of a member of the app's organization. " +
					"A token that flyctl minted is looked up among those that Fly lists, by its unique name. A token that was narrowed from a login or from a manual token ends with that login or token alone. " +
					"The action fails, and says which, where a token could not be revoked. Such a token is no longer used, and running the action again tries again. Defaults to `false`.",
			},
		},
	}
}

// Configure receives the provider's session.
func (a *appTokenInvalidateAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	s, diags := sessionFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	a.session = s
}

// Invoke drops the app's minted tokens, and revokes them where it is told to.
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
	app, storage := model.App.ValueString(), a.session.settings.storagePath
	var records []token.Record
	var unlisted error
	if a.session.store != nil {
		records, unlisted = a.session.store.MintedRecords(ctx, app)
	}
	drop := func(ctx context.Context) error {
		if err := a.session.run.Invalidate(ctx, app); err != nil {
			return err
		}
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("Dropped %s kept for app %q.", tokens(len(records)), app)})
		return nil
	}
	var err error
	if model.Revoke.ValueBool() {
		var unrevoked diag.Diagnostics
		unrevoked, err = a.revoke(ctx, app, records, drop, resp.SendProgress)
		resp.Diagnostics.Append(unrevoked...)
		if err == nil && unlisted != nil {
			resp.Diagnostics.Append(unlistedError(app, storage, unlisted))
		}
	} else {
		err = drop(ctx)
	}
	resp.Diagnostics.Append(a.session.storeWarnings()...)
	if err != nil {
		resp.Diagnostics.Append(invalidateError(app, storage, err))
	}
}

// flaws returns those that matter to the action: dropping tokens needs only storage.
func (a *appTokenInvalidateAction) flaws(model appTokenInvalidateModel) diag.Diagnostics {
	if model.Revoke.ValueBool() {
		return a.session.flaws("refresh", "organization")
	}
	return a.session.storageFlaws()
}

// revoke drops and revokes what records hold, and says of each what became of it.
func (a *appTokenInvalidateAction) revoke(ctx context.Context, app string, records []token.Record,
	drop func(context.Context) error, send func(action.InvokeProgressEvent),
) (diag.Diagnostics, error) {
	var diags diag.Diagnostics
	revoked, all := 0, 0
	err := a.session.minter.RevokeStored(ctx, app, records, drop, func(r mint.Revocation) {
		all++
		if r.Err != nil {
			diags.Append(keptAliveError(app, r))
			return
		}
		revoked++
		send(action.InvokeProgressEvent{Message: "Revoked " + revokedToken(r) + "."})
	})
	if err == nil {
		send(action.InvokeProgressEvent{Message: fmt.Sprintf("Revoked %d of %s.", revoked, tokens(all))})
	}
	return diags, err
}

// tokens counts tokens in words.
func tokens(n int) string {
	if n == 1 {
		return "1 token"
	}
	return fmt.Sprintf("%d tokens", n)
}
