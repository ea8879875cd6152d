package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ datasource.DataSource              = (*appTokenDataSource)(nil)
	_ datasource.DataSourceWithConfigure = (*appTokenDataSource)(nil)
)

func newAppTokenDataSource() datasource.DataSource { return &appTokenDataSource{} }

// appTokenDataSource is data "fly_app_token".
type appTokenDataSource struct {
	session *session
}

// Metadata names the data source.
func (d *appTokenDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = typeName + "_app_token"
}

// Schema describes the data source.
func (d *appTokenDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{}
	for name, a := range appTokenAttributes() {
		attributes[name] = schema.StringAttribute{
			Required:            a.required,
			Optional:            a.optional,
			Computed:            !a.required && !a.optional,
			Sensitive:           a.sensitive,
			MarkdownDescription: a.description,
			Validators:          a.validators,
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The API token of one Fly app, from the first of the provider's `sources` that has one. " +
			"However many data sources name an app, it is looked up once per plan, and the same token is returned until it has to be another.\n\n" +
			"~> The token is stored in the state in clear text, where everyone who can read the state can read it. `sensitive` only hides it in Terraform's output. " +
			"From Terraform 1.10 and OpenTofu 1.11 on, the ephemeral resource of the same name has the same token and leaves nothing behind.",
		Attributes: attributes,
	}
}

// Configure receives the provider's session.
func (d *appTokenDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	s, diags := sessionFrom(req.ProviderData)
	resp.Diagnostics.Append(diags...)
	d.session = s
}

// Read resolves the app's token.
func (d *appTokenDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	var model appTokenModel
	resp.Diagnostics.Append(model.take(config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(d.session.readAppToken(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	state, diags := model.object()
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
