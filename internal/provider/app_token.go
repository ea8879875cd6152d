package provider

import (
	"cmp"
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// appTokenModel is what the data source and the ephemeral resource have in
// common: the configuration and the result.
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

// fields are the attributes by name. The framework would find them by their tags,
// and compiles a regular expression for each tag at each call: a third of what a
// read takes.
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
	}
}

// take sets the model from an object with its attributes.
func (m *appTokenModel) take(o types.Object) diag.Diagnostics {
	var diags diag.Diagnostics
	values := o.Attributes()
	for name, field := range m.fields() {
		value, ok := values[name].(types.String)
		if !ok {
			diags.AddAttributeError(path.Root(name), summaryReadApp, "The attribute is not the string that the schema says. "+alwaysABug)
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

// appTokenAttribute is one attribute of either, which the framework wants as
// types of their own.
type appTokenAttribute struct {
	// required and optional say that it is an argument; a result is neither.
	required, optional bool
	sensitive          bool
	description        string
	validators         []validator.String
}

// appTokenAttributes are those of an [appTokenModel], by name.
func appTokenAttributes() map[string]appTokenAttribute {
	return map[string]appTokenAttribute{
		"app": {required: true, validators: []validator.String{appName()}, description: appDescription},
		"access": {
			optional: true, validators: []validator.String{access()},
			description: "What the token must be able to do, and all that it may: `readonly` reads this app and nothing else; `deploy` does everything inside this app, and what deploying it needs. " +
				"A token that can do more is narrowed, and then lives no longer than `token_ttl`. Unset, the token is whatever the first source has, which may open the whole organization.",
		},
		"organization": {optional: true, validators: []validator.String{organizationSlug()}, description: organizationDescription},
		"refresh": {
			optional: true, validators: []validator.String{refreshPolicy()},
			description: "What this read throws away first: `if_rejected`, `if_expired` or `always`, as in the provider block. Defaults to the provider's `refresh`. " +
				"Where several reads of one app differ, the first decides.",
		},
		"token": {sensitive: true, description: "The token, without a scheme."},
		"authorization_header": {
			sensitive:   true,
			description: "The token as the value of an HTTP `Authorization` header: `FlyV1 …`, or `Bearer …` for an OAuth token.",
		},
		"origin": {
			description: "Where the token first came from: `config`, `cli`, `api`, `env` or `manual`. A token that was minted earlier and came out of storage keeps the origin it was minted by.",
		},
		"acquired_at": {
			description: "When the token was minted or, for a manual one, set, as an RFC 3339 timestamp. Null for a login, which nobody recorded, and for what was narrowed from a login or from a manual token.",
		},
		"expires_at":  {description: "When the token expires, as an RFC 3339 timestamp. Null where that is not known."},
		"fingerprint": {description: "The first 16 hex digits of the token's SHA-256. It tells two tokens apart and gives nothing of them away."},
	}
}

// The arguments that the actions take as well.
const (
	appDescription          = "Name of the app. It need not exist yet."
	organizationDescription = "Slug of the organization the app belongs to. Defaults to the provider's `organization`; without either it is looked up where it is needed."
)

// request returns what the model asks for.
func (m *appTokenModel) request(set settings) token.Request {
	return token.Request{
		App:          m.App.ValueString(),
		Access:       token.Access(m.Access.ValueString()),
		Organization: cmp.Or(m.Organization.ValueString(), set.organization),
	}
}

// overridden names the provider attributes that the model's own replace.
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

// fill sets what is computed. It depends on the token alone, not on the link that
// gave it this time, so that a plan with nothing to change shows no change.
func (m *appTokenModel) fill(res token.Resolution) {
	m.Token = types.StringValue(res.Token.Reveal())
	m.AuthorizationHeader = types.StringValue(res.Token.AuthorizationHeader())
	m.Origin = types.StringValue(string(res.Origin))
	m.AcquiredAt = acquiredAt(res.Record)
	m.ExpiresAt = timestamp(res.ExpiresAt)
	m.Fingerprint = types.StringValue(res.Token.Fingerprint())
}

// acquiredAt returns when the token was minted or set. A login that is narrowed
// offline comes out the same at another time: that time must not show as a change.
func acquiredAt(rec token.Record) types.String {
	if rec.Parent != "" {
		return types.StringNull()
	}
	return timestamp(rec.AcquiredAt)
}

// readAppToken is a plan-time read: it resolves what m asks for and fills m.
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

// timestamp returns t in RFC 3339, null where there is none.
func timestamp(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(t.UTC().Format(time.RFC3339))
}
