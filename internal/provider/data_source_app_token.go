package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/flytokens/terraform-provider-fly/internal/token"
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

// appTokenModel is the data source's configuration and result.
type appTokenModel struct {
	App                 types.String `tfsdk:"app"`
	Access              types.String `tfsdk:"access"`
	Organization        types.String `tfsdk:"organization"`
	Refresh             types.String `tfsdk:"refresh"`
	Token               types.String `tfsdk:"token"`
	AuthorizationHeader types.String `tfsdk:"authorization_header"`
	Origin              types.String `tfsdk:"origin"`
	AcquiredAt          types.String `tfsdk:"acquired_at"`
	ExpiresAt           types.String `tfsdk:"expires_at"`
	Fingerprint         types.String `tfsdk:"fingerprint"`
}

// Metadata names the data source.
func (d *appTokenDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = typeName + "_app_token"
}

// Schema describes the data source.
func (d *appTokenDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The API token of one Fly app, from the first of the provider's `sources` that has one. " +
			"However many data sources name an app, it is looked up once per plan, and the same token is returned until it has to be another.\n\n" +
			"~> The token is stored in the state in clear text, where everyone who can read the state can read it. `sensitive` only hides it in Terraform's output.",
		Attributes: map[string]schema.Attribute{
			"app": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the app. It need not exist yet.",
				Validators:          []validator.String{appName()},
			},
			"access": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What the token must be able to do, and all that it may: `readonly` reads this app and nothing else; `deploy` does everything inside this app, and what deploying it needs. " +
					"A token that can do more is narrowed, and then lives no longer than `token_ttl`. Unset, the token is whatever the first source has, which may open the whole organization.",
				Validators: []validator.String{access()},
			},
			"organization": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Slug of the organization the app belongs to. Defaults to the provider's `organization`; without either it is looked up where it is needed.",
				Validators:          []validator.String{organizationSlug()},
			},
			"refresh": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What this read throws away first: `if_rejected`, `if_expired` or `always`, as in the provider block. Defaults to the provider's `refresh`. " +
					"Where several data sources name one app and differ, the first to be read decides.",
				Validators: []validator.String{refreshPolicy()},
			},
			"token": schema.StringAttribute{
				Computed:            true,
				Sensitive:           true,
				MarkdownDescription: "The token, without a scheme.",
			},
			"authorization_header": schema.StringAttribute{
				Computed:            true,
				Sensitive:           true,
				MarkdownDescription: "The token as the value of an HTTP `Authorization` header: `FlyV1 …`, or `Bearer …` for an OAuth token.",
			},
			"origin": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Where the token first came from: `config`, `cli`, `api`, `env` or `manual`. A token that was minted earlier and came out of storage keeps the origin it was minted by.",
			},
			"acquired_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the token was minted or, for a manual one, set, as an RFC 3339 timestamp. Null for a login, which nobody recorded.",
			},
			"expires_at": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "When the token expires, as an RFC 3339 timestamp. Null where that is not known.",
			},
			"fingerprint": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The first 16 hex digits of the token's SHA-256. It tells two tokens apart and gives nothing of them away.",
			},
		},
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
	var model appTokenModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(d.session.obstacles(model.spared()...)...)
	if resp.Diagnostics.HasError() {
		return
	}
	set := d.session.settings
	request := token.Request{
		App:          model.App.ValueString(),
		Access:       token.Access(model.Access.ValueString()),
		Organization: cmp.Or(model.Organization.ValueString(), set.organization),
	}
	policy := cmp.Or(token.Policy(model.Refresh.ValueString()), set.refresh)
	res, err := d.session.run.Read(ctx, request, policy)
	resp.Diagnostics.Append(d.session.storeWarnings()...)
	if err != nil {
		resp.Diagnostics.Append(appTokenError(request, err))
		return
	}
	logResolution(ctx, request, res)
	resp.Diagnostics.Append(d.session.warnings(res.Warnings)...)
	model.fill(res)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// spared names the provider attributes that the data source's own stand in for.
func (m *appTokenModel) spared() []string {
	var names []string
	if !m.Organization.IsNull() {
		names = append(names, "organization")
	}
	if !m.Refresh.IsNull() {
		names = append(names, "refresh")
	}
	return names
}

// fill sets what is computed. It depends on the token alone, not on the link that
// gave it this time, so that a plan with nothing to change shows no change.
func (m *appTokenModel) fill(res token.Resolution) {
	m.Token = types.StringValue(res.Token.Reveal())
	m.AuthorizationHeader = types.StringValue(res.Token.AuthorizationHeader())
	m.Origin = types.StringValue(string(res.Origin))
	m.AcquiredAt = timestamp(res.AcquiredAt)
	m.ExpiresAt = timestamp(res.ExpiresAt)
	m.Fingerprint = types.StringValue(res.Token.Fingerprint())
}

// timestamp returns t in RFC 3339, null where there is none.
func timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// logResolution tells what answered a request, and never what the answer was.
func logResolution(ctx context.Context, req token.Request, res token.Resolution) {
	tflog.Debug(ctx, "resolved a Fly app token", map[string]any{
		"fly.app":               req.App,
		"fly.access":            string(req.Access),
		"fly.organization":      req.Organization,
		"fly.token.source":      string(res.Source),
		"fly.token.origin":      string(res.Origin),
		"fly.token.acquirer":    string(res.Acquirer),
		"fly.token.fingerprint": res.Token.Fingerprint(),
	})
}
