package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure = (*kindTokenEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithClose     = (*kindTokenEphemeral)(nil)
)

// newKindTokenEphemerals returns a constructor for the ephemeral resource of each
// kind.
func newKindTokenEphemerals() []func() ephemeral.EphemeralResource {
	var all []func() ephemeral.EphemeralResource
	for _, kind := range tokenKinds() {
		all = append(all, func() ephemeral.EphemeralResource { return &kindTokenEphemeral{kind: kind} })
	}
	return all
}

// kindTokenEphemeral is the ephemeral resource of one kind.
type kindTokenEphemeral struct {
	ephemeralSession
	kind *tokenKind
}

// kindTokenEphemeralModel is the ephemeral's configuration and result.
type kindTokenEphemeralModel struct {
	kindArguments
	RevokeOnClose types.Bool
}

// fields maps the attributes of the kind to those of m.
func (m *kindTokenEphemeralModel) fields() map[string]any {
	fields := m.kindArguments.fields()
	fields["revoke_on_close"] = &m.RevokeOnClose
	return fields
}

// Metadata names the ephemeral resource.
func (e *kindTokenEphemeral) Metadata(_ context.Context, _ ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = e.kind.typeName()
}

// Schema describes the ephemeral resource.
func (e *kindTokenEphemeral) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"ttl": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "How long the token lives if it is not revoked before, as a duration from `1s` to `1h`. Defaults to `1h`.",
			Validators:          []validator.String{durationBetween(minDeployTTL, mint.LeaseTTL)},
		},
		"revoke_on_close": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether the token is revoked when the engine no longer needs it. Defaults to `true`. With `false`, the token of each plan and each apply stays live for `ttl`. " +
				"A token that a failed run left open is revoked when the provider ends. What a killed provider left is revoked when such a token is next minted with the same storage.",
		},
	}
	attributes[e.kind.subject()] = e.subject()
	if e.kind.access {
		attributes["access"] = schema.StringAttribute{Optional: true, MarkdownDescription: docKindAccess, Validators: []validator.String{organizationAccess()}}
		attributes["organization_wide"] = schema.BoolAttribute{Optional: true, MarkdownDescription: docKindWide}
	}
	if e.kind.commands {
		attributes["commands"] = schema.ListNestedAttribute{
			Required:            true,
			MarkdownDescription: docKindCommands,
			Validators:          kindCommands(),
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"args":  schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: docKindArgs},
				"exact": schema.BoolAttribute{Optional: true, MarkdownDescription: docKindExact},
			}},
		}
	}
	for name, a := range kindComputed() {
		attributes[name] = schema.StringAttribute{Computed: true, Sensitive: a.sensitive, MarkdownDescription: a.description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: e.kind.use + " It is minted over Fly's API for one plan or one apply, and is in neither the state nor the plan.\n\n" + e.kind.limits + "\n\n" +
			"The provider decodes each token that it mints, and proves these limits from its caveats before the token is used. Minting takes a user's login: a scoped token cannot mint other tokens.\n\n" +
			"-> Ephemeral resources need Terraform 1.10 or OpenTofu 1.11.",
		Attributes: attributes,
	}
}

// subject is the argument that names the app or the organization.
func (e *kindTokenEphemeral) subject() schema.Attribute {
	if e.kind.ofApp {
		return schema.StringAttribute{Required: true, MarkdownDescription: docKindApp, Validators: []validator.String{appName()}}
	}
	return schema.StringAttribute{Required: true, MarkdownDescription: docKindOrganization, Validators: []validator.String{organizationSlug()}}
}

// Open mints a token for this opening alone.
func (e *kindTokenEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	model := kindTokenEphemeralModel{kindArguments: kindArguments{kind: e.kind}}
	resp.Diagnostics.Append(readFields(ctx, req.Config, model.fields())...)
	resp.Diagnostics.Append(e.session.flaws("refresh", "organization")...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(model.wideWarning()...)
	resp.Diagnostics.Append(e.lease(ctx, &model, resp)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(writeFields(ctx, &resp.Result, model.fields())...)
}

// lease mints and fills model. Without revoke_on_close, the token is left to the
// engine.
func (e *kindTokenEphemeral) lease(ctx context.Context, model *kindTokenEphemeralModel, resp *ephemeral.OpenResponse) diag.Diagnostics {
	kind, diags := model.mintKind(ctx)
	if diags.HasError() {
		return diags
	}
	s, request := e.session, model.request()
	res, err := s.lease(ctx, request, kind, durationOr(model.TTL, mint.LeaseTTL))
	diags.Append(s.warnings(res.Warnings)...)
	diags.Append(s.storeWarnings()...)
	if err != nil {
		diags.Append(mintError(e.kind.title, request, err))
		return diags
	}
	model.fill(res)
	if !model.RevokeOnClose.IsNull() && !model.RevokeOnClose.ValueBool() {
		s.minter.Keep(request.Place(), token.Candidate{Record: res.Record})
		return diags
	}
	diags.Append(writePrivate(ctx, resp.Private, privateID, res.ID)...)
	return diags
}

// Close revokes what Open minted.
func (e *kindTokenEphemeral) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	id, diags := readPrivate[string](ctx, req.Private, privateID)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() || id == "" {
		return
	}
	resp.Diagnostics.Append(e.session.apiFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := e.session.minter.Revoke(ctx, id); err != nil {
		resp.Diagnostics.AddError("Unable to Revoke "+e.kind.title, fmt.Sprintf(
			"Cannot revoke token %[1]s: %[2]s.\n\nThe provider tries once more when it ends. If that fails too, the token stays live for an hour at most: revoke it with `fly tokens revoke %[1]s`.", id, err))
	}
}
