package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var (
	_ resource.ResourceWithConfigure      = (*deployTokenResource)(nil)
	_ resource.ResourceWithValidateConfig = (*deployTokenResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*deployTokenResource)(nil)
	_ resource.ResourceWithImportState    = (*deployTokenResource)(nil)
	_ resource.ResourceWithIdentity       = (*deployTokenResource)(nil)
)

const (
	summaryImportDeploy = "Unable to Import Fly Deploy Token"
	// profileDeploy is the profile of a token that Fly minted for one app.
	profileDeploy = "deploy"
	// importedOverlap is the overlap of an imported token without the argument.
	importedOverlap = "0s"
	// reasonImported is why an imported token is rotated.
	reasonImported = "it was imported, and Fly does not show its value"
)

// deployTokenResource is resource "fly_deploy_token".
type deployTokenResource struct{ managedTokenResource }

func newDeployTokenResource() resource.Resource {
	return &deployTokenResource{managedTokenResource{kind: deployTokenKind()}}
}

// deployTokenIdentity identifies a token. It changes with a rotation.
type deployTokenIdentity struct {
	App     types.String `tfsdk:"app"`
	TokenID types.String `tfsdk:"token_id"`
}

// IdentitySchema describes the identity of a token.
func (r *deployTokenResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"app":      identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the app."},
			"token_id": identityschema.StringAttribute{RequiredForImport: true, Description: "Fly's identifier of the token."},
		},
	}
}

// identify sets the identity of the token, if its kind has one.
func (m *managedToken) identify(ctx context.Context, identity *tfsdk.ResourceIdentity) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	return identity.Set(ctx, deployTokenIdentity{App: m.App, TokenID: m.TokenID})
}

// ImportState imports a token by APP/TOKEN_ID or by its identity. Fly does not
// show its value, so the next apply mints a successor.
func (r *deployTokenResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	app, id, _ := strings.Cut(req.ID, "/")
	if req.ID == "" && req.Identity != nil {
		var identity deployTokenIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
		app, id = identity.App.ValueString(), identity.TokenID.ValueString()
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if token.ValidateApp(app) != nil || id == "" || looksLikeToken(id) {
		resp.Diagnostics.AddError(summaryImportDeploy, "The import ID is the app's name and Fly's identifier of the token, as APP/TOKEN_ID. "+
			quoted(cmp.Or(req.ID, app+"/"+id))+" is not. `fly tokens list` and the data source fly_tokens show the identifiers.")
		return
	}
	resp.Diagnostics.Append(r.session.apiFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	one, ofApp, err := r.session.minter.Find(ctx, app, id)
	if fault := importFault(one, ofApp, err, app, r.session.now()); fault != "" {
		resp.Diagnostics.AddError(summaryImportDeploy, fmt.Sprintf("Cannot import token %s of app %q: %s", quoted(id), app, fault))
		return
	}
	model := importedToken(app, newListedTokenModel(one))
	resp.Diagnostics.Append(writeFields(ctx, &resp.State, model.fields())...)
	resp.Diagnostics.Append(model.identify(ctx, resp.Identity)...)
}

// importFault says why a token cannot be imported, and what to do. It returns ""
// for a live deploy token of app.
func importFault(one flyapi.Listed, ofApp bool, err error, app string, now time.Time) string {
	switch {
	case errors.Is(err, flyapi.ErrNoSuchToken), errors.Is(err, flyapi.ErrInvalid):
		return "Fly shows this login no token with that identifier. Check it with `fly tokens list`, and use the login of a member of the organization."
	case err != nil:
		return err.Error() + "."
	case one.Profile != profileDeploy:
		return fmt.Sprintf("it is %q, a token of profile %q, and fly_deploy_token replaces tokens of profile \"deploy\". Create a resource for the new token, use it instead of the old token, and then revoke the old one.", one.Name, one.Profile)
	case !ofApp:
		return fmt.Sprintf("it is %q, a token of a different app. Import it with the name of that app.", one.Name)
	case !one.RevokedAt.IsZero():
		return fmt.Sprintf("it was revoked at %s. Create a fly_deploy_token for app %q instead.", one.RevokedAt.UTC().Format(time.RFC3339), app)
	case !one.ExpiresAt.IsZero() && now.After(one.ExpiresAt):
		return fmt.Sprintf("it expired at %s. Create a fly_deploy_token for app %q instead.", one.ExpiresAt.UTC().Format(time.RFC3339), app)
	}
	return ""
}

// importedToken is the state of a token that Fly lists, without its value.
func importedToken(app string, one listedTokenModel) managedToken {
	return managedToken{
		kindArguments: kindArguments{
			kind: deployTokenKind(), App: types.StringValue(app), Access: types.StringValue(string(token.AccessDeploy)),
			TTL: types.StringValue(short(defaultDeployTTL)), TokenID: one.ID, ExpiresAt: one.ExpiresAt,
		},
		Name: importedName(app, one.Name.ValueString()), Triggers: types.MapNull(types.StringType),
	}
}

// importedName is the argument that lists a successor like the token. It is null
// if the default does that, or no argument can.
func importedName(app, listed string) types.String {
	if ours, ok := mint.ParseName(listed); ok {
		listed = ours.Label
	}
	if listed == token.MintLabel(token.Request{App: app}) || tokenNameComplaint(listed) != "" {
		return types.StringNull()
	}
	return types.StringValue(listed)
}

// isImported reports whether the token was imported and not rotated since. Only
// then does the state have no fingerprint.
func (m *managedToken) isImported() bool { return m.Fingerprint.IsNull() }
