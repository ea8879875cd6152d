package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// appTokenModel is the common part of the data source and the ephemeral
// resource: the configuration and the result.
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
	SharedWith          types.String `tfsdk:"shared_with"`
}

// fields are the attributes by name. Finding them by their tags takes the
// framework a third of a read's time: it compiles a regular expression for each
// tag at each call.
func (m *appTokenModel) fields() map[string]*types.String {
	return map[string]*types.String{
		"app":                  &m.App,
		"access":               &m.Access,
		"organization":         &m.Organization,
		"refresh":              &m.Refresh,
		"token":                &m.Token,
		"authorization_header": &m.AuthorizationHeader,
		"origin":               &m.Origin,
		"acquired_at":          &m.AcquiredAt,
		"expires_at":           &m.ExpiresAt,
		"fingerprint":          &m.Fingerprint,
		"shared_with":          &m.SharedWith,
	}
}

// take sets the model from an object with its attributes.
func (m *appTokenModel) take(o types.Object) diag.Diagnostics {
	var diags diag.Diagnostics
	values := o.Attributes()
	for name, field := range m.fields() {
		value, ok := values[name].(types.String)
		if !ok {
			diags.AddAttributeError(path.Root(name), summaryReadApp, "The attribute is not a string, as the schema defines. "+alwaysABug)
		}
		*field = value
	}
	return diags
}

// object is the model as an object.
func (m *appTokenModel) object() (types.Object, diag.Diagnostics) {
	kinds, values := make(map[string]attr.Type), make(map[string]attr.Value)
	for name, field := range m.fields() {
		kinds[name], values[name] = types.StringType, *field
	}
	return types.ObjectValue(kinds, values)
}

// appTokenAttributes are those of an [appTokenModel], by name. The framework has a
// separate but equal type for those of an ephemeral resource.
func appTokenAttributes() map[string]schema.StringAttribute {
	attributes := map[string]schema.StringAttribute{
		"app": {Required: true, Validators: []validator.String{appName()}, MarkdownDescription: appDescription},
		"access": {
			Optional: true, Validators: []validator.String{access()},
			MarkdownDescription: "The exact access of the token. `readonly`: read this app and nothing else. `deploy`: everything inside this app, and the features that deploying needs. " +
				"A token with more access is narrowed, and is then valid for at most `token_ttl`. If unset, it is the token of the first source, which may give access to the whole organization.",
		},
		"organization": {Optional: true, Validators: []validator.String{organizationSlug()}, MarkdownDescription: organizationDescription},
		"refresh": {
			Optional: true, Validators: []validator.String{refreshPolicy()},
			MarkdownDescription: "Which tokens this read replaces: `if_rejected`, `if_expired` or `always`, as in the provider block. Defaults to the provider's `refresh`. " +
				"If several reads of one app differ, the first decides.",
		},
		"token": {Computed: true, Sensitive: true, MarkdownDescription: "The token, without a scheme."},
		"authorization_header": {
			Computed: true, Sensitive: true,
			MarkdownDescription: "The token as the value of an HTTP `Authorization` header: `FlyV1 …`, or `Bearer …` for an OAuth token.",
		},
	}
	for name, description := range map[string]string{
		"origin":      "The source that first returned the token: `config`, `cli`, `api`, `env` or `manual`. A stored token keeps the origin of its mint.",
		"acquired_at": "When the token was minted or, for a manual one, set, as an RFC 3339 timestamp. Null for a login, and for a token that was narrowed from a login or a manual token.",
		"expires_at":  "When the token expires, as an RFC 3339 timestamp. Null if unknown.",
		"fingerprint": "The first 16 hex digits of the token's SHA-256. It identifies the token without revealing it.",
		"shared_with": "`organization` if all apps of the organization share the token: the one that `cli` or `api` mints if `access` is unset. Null for the app's own token, and for a login.",
	} {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	return attributes
}

// The arguments that the actions share.
const (
	appDescription          = "Name of the app, which may not exist yet."
	organizationDescription = "Slug of the app's organization. Defaults to the provider's `organization`; without either it is looked up when it is needed."
)

// request returns the model's request.
func (m *appTokenModel) request(set settings) token.Request {
	return set.request(m.App, m.Access, m.Organization)
}

// request returns the request of an operation's arguments.
func (s settings) request(app, access, organization types.String) token.Request {
	return token.Request{
		App:          app.ValueString(),
		Access:       token.Access(access.ValueString()),
		Organization: cmp.Or(organization.ValueString(), s.organization),
	}
}

// overridden names the provider attributes that the model's attributes replace.
func (m *appTokenModel) overridden() []string {
	var names []string
	if !m.Organization.IsNull() {
		names = append(names, "organization")
	}
	if !m.Refresh.IsNull() {
		names = append(names, "refresh")
	}
	return names
}

// fill sets the computed attributes. They depend only on the token and not on
// its current source, so that a plan without changes shows none.
func (m *appTokenModel) fill(res token.Resolution) {
	m.Token = types.StringValue(res.Token.Reveal())
	m.AuthorizationHeader = types.StringValue(res.Token.AuthorizationHeader())
	m.Origin = types.StringValue(string(res.Origin))
	m.AcquiredAt = acquiredAt(res.Record)
	m.ExpiresAt = timestamp(res.ExpiresAt)
	m.Fingerprint = types.StringValue(res.Token.Fingerprint())
	m.SharedWith = types.StringNull()
	if res.SharedWith != "" {
		m.SharedWith = types.StringValue("organization")
	}
}

// acquiredAt returns when the token was minted or set. Narrowing a login
// offline gives the same token at a different time, which must not show as a
// change.
func acquiredAt(rec token.Record) types.String {
	if rec.Parent != "" {
		return types.StringNull()
	}
	return timestamp(rec.AcquiredAt)
}

// readAppToken is a plan-time read: it resolves the request of m and fills m.
func (s *session) readAppToken(ctx context.Context, m *appTokenModel) diag.Diagnostics {
	diags := s.flaws(m.overridden()...)
	if diags.HasError() {
		return diags
	}
	req := m.request(s.settings)
	res, err := s.resolver.Read(ctx, req, cmp.Or(token.Policy(m.Refresh.ValueString()), s.settings.refresh))
	diags.Append(s.storeWarnings()...)
	if err != nil {
		diags.Append(appTokenError(req, err))
		return diags
	}
	diags.Append(s.warnings(res.Warnings)...)
	m.fill(res)
	return diags
}

// timestamp returns t in RFC 3339, or null.
func timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
