package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// manualTokenIdentity identifies a record.
type manualTokenIdentity struct {
	App types.String `tfsdk:"app"`
}

// IdentitySchema describes the identity of a record: the app.
func (r *manualTokenResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"app": identityschema.StringAttribute{
				RequiredForImport: true,
				Description:       "Name of the app.",
			},
		},
	}
}

// identity is that of the record.
func (m *manualTokenModel) identity() manualTokenIdentity { return manualTokenIdentity{App: m.App} }

// ImportState imports an app's record by the app's name, as ID or as identity.
// It does not import the token: the next plan sets it from the configuration.
func (r *manualTokenResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	app := req.ID
	if app == "" && req.Identity != nil {
		var id manualTokenIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
		app = id.App.ValueString()
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if err := token.ValidateApp(app); err != nil {
		resp.Diagnostics.AddError(summaryImportManual, "The import ID is the name of the app. "+quoted(app)+" cannot be one.")
		return
	}
	resp.Diagnostics.Append(r.session.storageFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	storage := r.session.settings.storage.String()
	rec, err := r.session.resolver.Manual(ctx, app)
	switch {
	case errors.Is(err, token.ErrNoRecord):
		resp.Diagnostics.Append(noManualError(app, storage))
	case err != nil:
		resp.Diagnostics.Append(manualError(summaryImportManual, app, storage, err))
	default:
		model := manualTokenModel{App: types.StringValue(app)}
		model.fill(rec)
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, model.identity())...)
		resp.Diagnostics.Append(r.remember(ctx, resp.Private)...)
	}
}
