package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// standIn is the provider.
type standIn struct {
	kind
	dir string
}

func newStandIn(k kind, dir string) func() provider.Provider {
	return func() provider.Provider { return &standIn{k, dir} }
}

// Metadata names the provider.
func (p *standIn) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = p.name
}

// Schema describes the provider's block.
func (p *standIn) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes := make(map[string]providerschema.Attribute)
	for _, name := range p.settings {
		attributes[name] = providerschema.StringAttribute{Optional: true, Sensitive: name == p.secret}
	}
	resp.Schema = providerschema.Schema{Attributes: attributes}
}

// Configure passes the block's secret to the resource.
func (p *standIn) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	if p.secret == "" {
		return
	}
	var secret types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root(p.secret), &secret)...)
	resp.ResourceData = secret.ValueString()
}

// DataSources returns none.
func (p *standIn) DataSources(context.Context) []func() datasource.DataSource { return nil }

// Resources returns the one resource.
func (p *standIn) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &thing{kind: p.kind, dir: p.dir} }}
}

// thing is the resource: it stores its values, and reads nothing back.
type thing struct {
	kind
	dir string
	// login is the secret of the provider's block.
	login string
}

var _ resource.ResourceWithConfigure = (*thing)(nil)

// Metadata names the resource.
func (r *thing) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.resource
}

// Schema describes the resource.
func (r *thing) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := make(map[string]schema.Attribute)
	for _, name := range r.texts {
		attributes[name] = schema.StringAttribute{Required: true}
	}
	for _, name := range r.numbers {
		attributes[name] = schema.NumberAttribute{Required: true}
	}
	if r.writeOnly != "" {
		attributes[r.writeOnly] = schema.StringAttribute{Optional: true, WriteOnly: true, Sensitive: true}
		attributes[r.version] = schema.NumberAttribute{Optional: true}
	}
	resp.Schema = schema.Schema{Attributes: attributes}
}

// Configure receives the secret of the provider's block.
func (r *thing) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.login, _ = req.ProviderData.(string)
}

// Create keeps the secret that the service would receive.
func (r *thing) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.Append(r.send(ctx, req.Config)...)
	resp.State.Raw = req.Plan.Raw
}

// Read leaves the state unchanged.
func (r *thing) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

// Update keeps the secret that the service would receive.
func (r *thing) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.Append(r.send(ctx, req.Config)...)
	resp.State.Raw = req.Plan.Raw
}

// Delete has nothing to do.
func (r *thing) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// send keeps the resource's secret, or the provider's if there is none.
func (r *thing) send(ctx context.Context, config tfsdk.Config) diag.Diagnostics {
	var diags diag.Diagnostics
	secret := types.StringValue(r.login)
	if r.writeOnly != "" {
		diags.Append(config.GetAttribute(ctx, path.Root(r.writeOnly), &secret)...)
	}
	if err := os.WriteFile(filepath.Join(r.dir, r.resource), []byte(secret.ValueString()), 0o600); err != nil {
		diags.AddError("Unable to Keep the Secret", fmt.Sprintf("The test provider keeps it in STANDIN_DIR: %v.", err))
	}
	return diags
}
