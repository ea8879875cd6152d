// Package provider is the Terraform side of the fly provider: schemas, models,
// diagnostics, and the wiring of the sources. It is the only package that
// imports the plugin framework.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// Address is the provider's address in the registry, as `source` in a
// required_providers block names it.
const Address = "registry.terraform.io/flytokens/fly"

// typeName is the prefix of every resource type.
const typeName = "fly"

var (
	_ provider.ProviderWithActions            = (*flyProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*flyProvider)(nil)
	_ provider.ProviderWithValidateConfig     = (*flyProvider)(nil)
)

// newProvider returns a constructor of the provider for the given version,
// within the process given. Each call of the constructor makes a separate
// provider.
func newProvider(version string, env func() environment, within *process) func() provider.Provider {
	return func() provider.Provider {
		return &flyProvider{version: version, environment: env, process: within}
	}
}

// flyProvider holds nothing from a configuration, because one object may serve
// several configurations and runs.
type flyProvider struct {
	version     string
	environment func() environment
	process     *process
}

// Metadata names the provider.
func (p *flyProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = typeName
	resp.Version = p.version
}

// ValidateConfig checks what concerns more than one attribute.
func (p *flyProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(model.validate()...)
}

// Configure starts a run. It reads the environment, wires the sources, and
// passes one session to everything that the provider offers. If only some
// operations need a setting, it does not fail: those operations report the
// error.
func (p *flyProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	set, diags := readSettings(ctx, model, p.environment())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := newSession(set, p.version, p.process.mints, p.process.begin(ctx, set.environment, p.version))
	resp.DataSourceData = s
	resp.ResourceData = s
	resp.EphemeralResourceData = s
	resp.ActionData = s
	resp.ListResourceData = s
	tflog.Debug(ctx, "configured the fly provider", map[string]any{
		"organization": set.organization,
		"sources":      set.sources,
		"refresh":      string(set.refresh),
		"storage":      set.storage.String(),
	})
}

// DataSources lists the data sources.
func (p *flyProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{newAppTokenDataSource, newTokensDataSource}
}

// Resources lists the managed resources.
func (p *flyProvider) Resources(context.Context) []func() resource.Resource {
	return append(newKindTokenResources(), newManualTokenResource, newDeployTokenResource)
}

// EphemeralResources lists the ephemeral resources.
func (p *flyProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return append(newKindTokenEphemerals(), newAppTokenEphemeral, newDeployTokenEphemeral)
}

// Actions lists the actions. Their configuration holds no secrets, because
// engines store it in the plan in clear text.
func (p *flyProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newAppTokenRefreshAction, newAppTokenInvalidateAction, newTokenRevokeAction}
}
