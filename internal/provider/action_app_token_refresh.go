package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ action.ActionWithConfigure = (*appTokenRefreshAction)(nil)

func newAppTokenRefreshAction() action.Action { return &appTokenRefreshAction{} }

// appTokenRefreshAction is action "fly_app_token_refresh".
type appTokenRefreshAction struct{ actionSession }

// appTokenRefreshModel is the action's configuration.
type appTokenRefreshModel struct {
	App          types.String `tfsdk:"app"`
	Access       types.String `tfsdk:"access"`
	Organization types.String `tfsdk:"organization"`
}

// Metadata names the action.
func (a *appTokenRefreshAction) Metadata(_ context.Context, _ action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = typeName + "_app_token_refresh"
}

// Schema describes the action.
func (a *appTokenRefreshAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Drops the stored token of one request and acquires a new one in its place, like a read with `refresh = \"always\"`. " +
			"Consumers that read the token earlier in the same run keep the old one, which stays valid at Fly until it expires. The next plan has the new one.\n\n" +
			"The arguments must equal those of the data source or ephemeral resource: a different `access` or `organization` means a different token. " +
			"If no token can be acquired, the action fails, and storage is unchanged.\n\n" +
			"-> Actions need Terraform 1.14.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: appDescription,
				Validators:          []validator.String{appName()},
			},
			"access":       actionString(access(), "The access of the token: `readonly` or `deploy`. If unset, it is the token of a read without `access`."),
			"organization": actionString(organizationSlug(), organizationDescription),
		},
	}
}

// actionString is an optional argument of an action.
func actionString(check validator.String, description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{check}}
}

// Invoke acquires a new token.
func (a *appTokenRefreshAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var model appTokenRefreshModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	overridden := []string{"refresh"}
	if !model.Organization.IsNull() {
		overridden = append(overridden, "organization")
	}
	resp.Diagnostics.Append(a.session.flaws(overridden...)...)
	if resp.Diagnostics.HasError() {
		return
	}
	request := a.session.settings.request(model.App, model.Access, model.Organization)
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("Acquiring a new token for app %q.", request.App)})
	res, err := a.session.resolver.Refresh(ctx, request, token.PolicyAlways)
	resp.Diagnostics.Append(a.session.storeWarnings()...)
	if err != nil {
		resp.Diagnostics.Append(appTokenError(request, err))
		return
	}
	resp.Diagnostics.Append(a.session.warnings(res.Warnings)...)
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("App %q has the token with fingerprint %s, from %s, %s.",
		request.App, res.Token.Fingerprint(), res.Origin, lifetime(res.ExpiresAt))})
}

// lifetime describes the lifetime of a token.
func lifetime(until time.Time) string {
	if until.IsZero() {
		return "whose lifetime is unknown"
	}
	return "good until " + until.UTC().Format(time.RFC3339)
}
