package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ datasource.DataSourceWithConfigure        = (*tokensDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*tokensDataSource)(nil)
)

func newTokensDataSource() datasource.DataSource { return &tokensDataSource{} }

// tokensDataSource is data "fly_tokens".
type tokensDataSource struct{ dataSourceSession }

// tokensModel is the configuration and the result.
type tokensModel struct {
	App            types.String       `tfsdk:"app"`
	Organization   types.String       `tfsdk:"organization"`
	IncludeRevoked types.Bool         `tfsdk:"include_revoked"`
	ExpiresAfter   types.String       `tfsdk:"expires_after"`
	ExpiresBefore  types.String       `tfsdk:"expires_before"`
	NamePrefix     types.String       `tfsdk:"name_prefix"`
	Tokens         []listedTokenModel `tfsdk:"tokens"`
}

// listedTokenModel is one element of the result.
type listedTokenModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Profile   types.String `tfsdk:"profile"`
	CreatedAt types.String `tfsdk:"created_at"`
	ExpiresAt types.String `tfsdk:"expires_at"`
	RevokedAt types.String `tfsdk:"revoked_at"`
	UserEmail types.String `tfsdk:"user_email"`
	Managed   types.Bool   `tfsdk:"managed"`
}

// Metadata names the data source.
func (d *tokensDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = typeName + "_tokens"
}

// Schema describes the data source.
func (d *tokensDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := tokensArguments()
	attributes["tokens"] = schema.ListNestedAttribute{
		Computed:            true,
		MarkdownDescription: "The tokens, oldest first.",
		NestedObject:        schema.NestedAttributeObject{Attributes: listedTokenAttributes()},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The tokens that Fly lists for an app or an organization, without their values. It reads all pages of the list, over Fly's API with flyctl's login.\n\n" +
			"A token of the whole organization also gives access to each of its apps. Fly lists it with the organization, not with the app. " +
			"Fly does not list logins (`fo1_…`), nor tokens that were narrowed offline.\n\n" +
			"If the login can see only a part of the list, a warning reports it. The guide [Adopting tokens](../guides/adopt.md) replaces listed tokens.",
		Attributes: attributes,
	}
}

// tokensArguments are what a user may set.
func tokensArguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"app":          dataSourceString(appName(), "Name of the app to list. Set either `app` or `organization`."),
		"organization": dataSourceString(organizationSlug(), "Slug of the organization to list. The provider's `organization` is not used here."),
		"include_revoked": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Whether the result includes revoked tokens, which Fly keeps in its list. Defaults to `false`.",
		},
		"expires_after":  dataSourceString(instant(), "Only tokens that expire after this RFC 3339 timestamp. A token without an end is included."),
		"expires_before": dataSourceString(instant(), "Only tokens that expire before this RFC 3339 timestamp, expired ones included."),
		"name_prefix":    schema.StringAttribute{Optional: true, MarkdownDescription: "Only tokens whose name starts with this text."},
	}
}

// dataSourceString is an optional argument of a data source.
func dataSourceString(check validator.String, description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{check}}
}

// listedTokenAttributes are those of one token.
func listedTokenAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"managed": schema.BoolAttribute{
			Computed:            true,
			MarkdownDescription: "Whether this provider minted the token, on any machine. The provider recognizes the names that it gives.",
		},
	}
	for name, description := range map[string]string{
		"id":         "Fly's identifier of the token. `fly tokens revoke` and the action `fly_token_revoke` accept it. It is not a secret.",
		"name":       "Name that the token was minted with.",
		"profile":    "Profile that the token was minted with: `deploy`, `deploy_organization` and others.",
		"created_at": "When the token was minted, as an RFC 3339 timestamp.",
		"expires_at": "When the token expires, as an RFC 3339 timestamp. Null if Fly reports no end.",
		"revoked_at": "When the token was revoked, as an RFC 3339 timestamp. Null if it was not.",
		"user_email": "Email address of the user who minted the token.",
	} {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return attributes
}

// ConfigValidators returns the rules between attributes.
func (d *tokensDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("app"), path.MatchRoot("organization"))}
}

// Read lists the tokens.
func (d *tokensDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model tokensModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(d.session.apiFlaws()...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(d.session.readTokens(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
