// Command cheapest is the cheapest provider that is written in the usual way,
// with terraform-plugin-framework. Its only data source, cheapest_copy, copies
// its input.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return cheapest{} },
		providerserver.ServeOpts{Address: "registry.opentofu.org/bench/cheapest"})
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "cheapest:", err)
		os.Exit(1)
	}
}

// cheapest is the provider: there is nothing to configure.
type cheapest struct{}

// Metadata names the provider.
func (cheapest) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "cheapest"
}

// Schema describes an empty block.
func (cheapest) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

// Configure has nothing to configure.
func (cheapest) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

// DataSources returns cheapest_copy.
func (cheapest) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return copying{} }}
}

// Resources returns none.
func (cheapest) Resources(context.Context) []func() resource.Resource { return nil }

// copying is the data source.
type copying struct{}

// model is its configuration and its state.
type model struct {
	Input  types.String `tfsdk:"input"`
	Output types.String `tfsdk:"output"`
}

// Metadata names the data source.
func (copying) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_copy"
}

// Schema describes the data source.
func (copying) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"input":  schema.StringAttribute{Required: true},
		"output": schema.StringAttribute{Computed: true},
	}}
}

// Read copies.
func (copying) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	m.Output = m.Input
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
