package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*deployTokenEphemeral)(nil)

// summaryReadDeploy is the summary of the ephemeral's errors.
const summaryReadDeploy = "Unable to Read Fly Deploy Token"

func newDeployTokenEphemeral() ephemeral.EphemeralResource { return &deployTokenEphemeral{} }

// deployTokenEphemeral is ephemeral "fly_deploy_token".
type deployTokenEphemeral struct{ ephemeralSession }

// deployTokenEphemeralModel is the ephemeral's configuration and result.
type deployTokenEphemeralModel struct {
	App                 types.String `tfsdk:"app"`
	Name                types.String `tfsdk:"name"`
	Fingerprint         types.String `tfsdk:"fingerprint"`
	Token               types.String `tfsdk:"token"`
	AuthorizationHeader types.String `tfsdk:"authorization_header"`
	ExpiresAt           types.String `tfsdk:"expires_at"`
}

// Metadata names the ephemeral resource.
func (e *deployTokenEphemeral) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = typeName + "_deploy_token"
}

// Schema describes the ephemeral resource.
func (e *deployTokenEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The token of a `fly_deploy_token` with `token_in_state = false`, from the provider's storage. It is in neither the state nor the plan. " +
			"Use it in write-only arguments, in provider blocks, in provisioners, and in other ephemeral resources.\n\n" +
			"It needs no login and mints nothing. Other configurations can read the token too, on every machine with the same storage. " +
			"In the configuration of the resource, set `app`, `name` and `fingerprint` from it. The engine then reads the token after the apply has minted or rotated it.\n\n" +
			"-> Ephemeral resources need Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"app":  schema.StringAttribute{Required: true, MarkdownDescription: "Name of the app.", Validators: []validator.String{appName()}},
			"name": schema.StringAttribute{Optional: true, MarkdownDescription: "The resource's `name`. Omit it if the resource has none.", Validators: []validator.String{tokenName()}},
			"fingerprint": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The first 16 hex digits of the token's SHA-256. If it is set to the resource's `fingerprint`, a different token in storage is an error.",
			},
			"token":                schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The token, without a scheme."},
			"authorization_header": schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The token as the value of an HTTP `Authorization` header: `FlyV1 …`."},
			"expires_at":           schema.StringAttribute{Computed: true, MarkdownDescription: "When the token expires, as an RFC 3339 timestamp."},
		},
	}
}

// Open reads the token from storage.
func (e *deployTokenEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var m deployTokenEphemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	resp.Diagnostics.Append(e.session.storageFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	of := managedToken{kindArguments: kindArguments{kind: deployTokenKind(), App: m.App}, Name: m.Name}
	rec, err := e.session.deployToken(ctx, m.App.ValueString(), of.label())
	resp.Diagnostics.Append(e.session.storeWarnings()...)
	if err != nil {
		resp.Diagnostics.Append(of.readError(e.session, err))
		return
	}
	of.ExpiresAt = timestamp(rec.ExpiresAt)
	if of.expired(e.session.now()) {
		resp.Diagnostics.AddError(summaryReadDeploy, fmt.Sprintf(
			"The deploy token named %q of app %q expired at %s. Apply its fly_deploy_token, which then rotates.", of.label(), m.App.ValueString(), of.ExpiresAt.ValueString()))
		return
	}
	fingerprint := rec.Token.Fingerprint()
	if want := m.Fingerprint.ValueString(); !m.Fingerprint.IsNull() && want != fingerprint {
		resp.Diagnostics.AddAttributeError(path.Root("fingerprint"), summaryReadDeploy, fmt.Sprintf(
			"Storage (%s) holds a different deploy token named %q for app %q: its fingerprint is %s. Apply the fly_deploy_token, which then rotates.",
			e.session.settings.storage, of.label(), m.App.ValueString(), fingerprint))
		return
	}
	m.Token, m.AuthorizationHeader = types.StringValue(rec.Token.Reveal()), types.StringValue(rec.Token.AuthorizationHeader())
	m.ExpiresAt, m.Fingerprint = of.ExpiresAt, types.StringValue(fingerprint)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &m)...)
}

// readError is the error for a token that storage does not return.
func (m *managedToken) readError(s *session, err error) diag.Diagnostic {
	app, name := m.App.ValueString(), m.label()
	if !errors.Is(err, token.ErrNoRecord) {
		return diag.NewErrorDiagnostic(summaryReadDeploy, fmt.Sprintf("Cannot read the deploy token named %q of app %q: %s.", name, app, plain(err.Error())))
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("name"), summaryReadDeploy, fmt.Sprintf(
		"Storage (%s) holds no deploy token named %q for app %q.\n\n"+
			"Set token_in_state = false on the fly_deploy_token with this app and name, and apply it first, with the same storage. "+
			"If the resource is in this configuration, set the argument fingerprint to the resource's fingerprint. The engine then reads the token after it is minted.",
		s.settings.storage, name, app))
}
