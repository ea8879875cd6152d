package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*appTokenDataSource)(nil)

func newAppTokenDataSource() datasource.DataSource { return &appTokenDataSource{} }

// appTokenDataSource is data "fly_app_token".
type appTokenDataSource struct{ dataSourceSession }

// Metadata names the data source.
func (d *appTokenDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = typeName + "_app_token"
}

// Schema describes the data source.
func (d *appTokenDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{}
	for name, a := range appTokenAttributes() {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The API token of one Fly app, from the first of the provider's `sources` that has one. " +
			"The token is looked up once per plan, for any number of data sources, and returned until it must be replaced.\n\n" +
			"~> The token is stored in the state in clear text, where everyone with access to the state can read it. `sensitive` only hides it in Terraform's output. " +
			"With Terraform 1.10 or OpenTofu 1.11, or a later version, use the ephemeral resource of the same name: it stores the token in neither state nor plan.",
		Attributes: attributes,
	}
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
