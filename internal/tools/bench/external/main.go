// Command external is a provider with hashicorp/external's data source, as far
// as the benchmarks go: it runs a program, gives it the query as JSON, and
// reads JSON from it. It replaces the original, whose module is not on the
// module proxy.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return externalProvider{} },
		providerserver.ServeOpts{Address: "registry.opentofu.org/bench/external"})
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "external:", err)
		os.Exit(1)
	}
}

// externalProvider has the one data source, and nothing to configure.
type externalProvider struct{}

// Metadata names the provider.
func (externalProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "external"
}

// Schema describes an empty block.
func (externalProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

// Configure has nothing to configure.
func (externalProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

// DataSources returns data "external".
func (externalProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return external{} }}
}

// Resources returns none.
func (externalProvider) Resources(context.Context) []func() resource.Resource { return nil }
