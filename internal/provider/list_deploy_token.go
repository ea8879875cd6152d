package provider

import (
	"context"
	"fmt"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework-validators/listresourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ provider.ProviderWithListResources    = (*flyProvider)(nil)
	_ list.ListResource                     = (*deployTokenList)(nil)
	_ list.ListResourceWithConfigure        = (*deployTokenList)(nil)
	_ list.ListResourceWithConfigValidators = (*deployTokenList)(nil)
)

// ListResources lists the list resources.
func (p *flyProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{func() list.ListResource {
		return &deployTokenList{deployTokenResource{managedTokenResource{kind: deployTokenKind()}}}
	}}
}

// deployTokenList is list "fly_deploy_token". It has the name and the session of the
// resource.
type deployTokenList struct {
	deployTokenResource
}

// deployTokenListModel is the configuration.
type deployTokenListModel struct {
	App            types.String `tfsdk:"app"`
	Organization   types.String `tfsdk:"organization"`
	NamePrefix     types.String `tfsdk:"name_prefix"`
	IncludeManaged types.Bool   `tfsdk:"include_managed"`
}

// ListResourceConfigSchema describes the configuration.
func (l *deployTokenList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The live deploy tokens of an app, or of each app of an organization, to import them as `fly_deploy_token`. The values of the tokens are not listed.\n\n" +
			"Fly lists SSH and machine-exec tokens as deploy tokens too. " +
			"If the login can see only a part of a list, a warning reports it. The guide [Adopting tokens](../guides/adopt.md) has the next steps.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Name of the app to list. Set either `app` or `organization`.",
				Validators:          []validator.String{appName()},
			},
			"organization": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Slug of the organization whose apps to list. The provider's `organization` is not used here.",
				Validators:          []validator.String{organizationSlug()},
			},
			"name_prefix": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Only tokens whose name starts with this text.",
			},
			"include_managed": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether the result includes tokens that this provider minted. A state may already hold them. Defaults to `false`.",
			},
		},
	}
}

// ListResourceConfigValidators returns the rules between attributes.
func (l *deployTokenList) ListResourceConfigValidators(context.Context) []list.ConfigValidator {
	return []list.ConfigValidator{listresourcevalidator.ExactlyOneOf(path.MatchRoot("app"), path.MatchRoot("organization"))}
}

// List lists the tokens, app by app.
func (l *deployTokenList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var model deployTokenListModel
	diags := req.Config.Get(ctx, &model)
	if !diags.HasError() {
		diags.Append(l.session.apiFlaws()...)
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		left := req.Limit
		for app, diags := range l.apps(ctx, &model) {
			var found []listedTokenModel
			if !diags.HasError() {
				var more diag.Diagnostics
				found, more = l.tokens(ctx, app, &model)
				diags.Append(more...)
			}
			if len(diags) > 0 && !push(list.ListResult{Diagnostics: diags}) || diags.HasError() {
				return
			}
			for _, one := range found {
				if left == 0 || !push(result(ctx, req, app, one)) {
					return
				}
				left--
			}
		}
	}
}

// apps returns the apps whose tokens m lists.
func (l *deployTokenList) apps(ctx context.Context, m *deployTokenListModel) iter.Seq2[string, diag.Diagnostics] {
	return func(yield func(string, diag.Diagnostics) bool) {
		if !m.App.IsNull() {
			yield(m.App.ValueString(), nil)
			return
		}
		fail := func(err error) {
			slug := m.Organization.ValueString()
			yield("", diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("organization"), summaryList, cannot(fmt.Sprintf("list the apps of organization %q", slug), err))})
		}
		login, err := l.session.chain.login(ctx)
		if err != nil {
			fail(err)
			return
		}
		for app, err := range l.session.chain.api.OrganizationApps(ctx, login, m.Organization.ValueString()) {
			if err != nil {
				fail(err)
				return
			}
			if !yield(app.Name, nil) {
				return
			}
		}
	}
}

// tokens returns the live deploy tokens of app that m selects.
func (l *deployTokenList) tokens(ctx context.Context, app string, m *deployTokenListModel) ([]listedTokenModel, diag.Diagnostics) {
	all := tokensModel{App: types.StringValue(app), NamePrefix: m.NamePrefix, ExpiresAfter: timestamp(l.session.now())}
	diags := l.session.readTokens(ctx, &all)
	var found []listedTokenModel
	for _, one := range all.Tokens {
		if one.Profile.ValueString() == profileDeploy && (m.IncludeManaged.ValueBool() || !one.Managed.ValueBool()) {
			found = append(found, one)
		}
	}
	return found, diags
}

// result is a token in the list, as its import would be.
func result(ctx context.Context, req list.ListRequest, app string, one listedTokenModel) list.ListResult {
	model := importedToken(app, one)
	result := req.NewListResult(ctx)
	result.DisplayName = one.Name.ValueString()
	if !one.ExpiresAt.IsNull() {
		result.DisplayName += ", until " + one.ExpiresAt.ValueString()
	}
	result.Diagnostics.Append(model.identify(ctx, result.Identity)...)
	if req.IncludeResource {
		result.Diagnostics.Append(writeFields(ctx, result.Resource, model.fields())...)
	}
	return result
}
