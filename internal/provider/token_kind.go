package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The values of a fly_organization_token's access.
const (
	organizationReadOnly = "readonly"
	organizationFull     = "full"
)

// tokenKind is a kind of token that flyctl makes, with a resource and an ephemeral
// resource of its name.
type tokenKind struct {
	// name is that of the types, without the provider's.
	name string
	// title is how messages call the token.
	title string
	// use is the first sentence of its documentation.
	use string
	// limits says what the token may do, and is the second paragraph.
	limits string
	// ofApp is set for a token of one app. Others are for an organization.
	ofApp bool
	// access and commands are set for the kind with that argument.
	access, commands bool
	// deploys is set for fly_deploy_token, which Fly mints for a request and not as one
	// of flyctl's kinds.
	deploys bool
}

func (k *tokenKind) typeName() string { return typeName + "_" + k.name }

// subject is the argument that names what the token is for.
func (k *tokenKind) subject() string {
	if k.ofApp {
		return "app"
	}
	return "organization"
}

func organizationTokenKind() *tokenKind {
	return &tokenKind{
		name: "organization_token", title: "Fly Organization Token", access: true,
		use: "A token for a whole Fly organization.",
		limits: "With access `readonly`, which is the default, the token reads everything in the organization and changes nothing. Its bytes are those of `fly tokens create readonly`. " +
			"With access `full`, it may do everything in every app of the organization, as `fly tokens create org` makes it. Each plan then warns, unless `organization_wide` is `true`.",
	}
}

func sshTokenKind() *tokenKind {
	return &tokenKind{
		name: "ssh_token", title: "Fly SSH Token", ofApp: true,
		use: "A token to open consoles on the machines of one Fly app.",
		limits: "The token reads the app, requests a certificate for it, and adds a WireGuard peer. It cannot deploy. It is what `fly tokens create ssh` makes: two macaroons in one token. " +
			"A console gives every permission of the console's user.",
	}
}

func machineExecTokenKind() *tokenKind {
	return &tokenKind{
		name: "machine_exec_token", title: "Fly Machine Exec Token", ofApp: true, commands: true,
		use: "A token to execute certain commands on the machines of one Fly app.",
		limits: "The token reads the app and executes the `commands`, and nothing else, as `fly tokens create machine-exec` makes it. " +
			"A command that starts a shell or an interpreter may do more than it seems: list commands with all their arguments where you can.",
	}
}

func wireGuardTokenKind() *tokenKind {
	return &tokenKind{
		name: "wireguard_token", title: "Fly WireGuard Token",
		use:    "A token to manage the WireGuard peers of a Fly organization.",
		limits: "The token adds and removes peers, and gives access to no app, as `fly tokens create wireguard` makes it. It also reads what belongs to neither an app nor a feature of the organization.",
	}
}

// defaultName documents the default of a token's name.
func (k *tokenKind) defaultName() string {
	if k.ofApp {
		return token.MintLabel(token.Request{App: "APP"})
	}
	return token.MintLabel(token.Request{Organization: "ORGANIZATION"})
}

func deployTokenKind() *tokenKind {
	return &tokenKind{name: "deploy_token", title: "Fly Deploy Token", ofApp: true, deploys: true}
}

// tokenKinds lists the kinds of flyctl.
func tokenKinds() []*tokenKind {
	return []*tokenKind{organizationTokenKind(), sshTokenKind(), machineExecTokenKind(), wireGuardTokenKind()}
}

// kindArguments are the arguments that both the resource and the ephemeral
// resource of a kind may have, with what is computed.
type kindArguments struct {
	kind                *tokenKind
	App                 types.String
	Organization        types.String
	Access              types.String
	OrganizationWide    types.Bool
	Commands            types.List
	TTL                 types.String
	Token               types.String
	AuthorizationHeader types.String
	TokenID             types.String
	ExpiresAt           types.String
	Fingerprint         types.String
}

// commandModel is an element of commands.
type commandModel struct {
	Args  []string   `tfsdk:"args"`
	Exact types.Bool `tfsdk:"exact"`
}

// fields maps the attributes of the kind to those of a.
func (a *kindArguments) fields() map[string]any {
	fields := a.computed()
	fields["ttl"], fields[a.kind.subject()] = &a.TTL, a.subject()
	if a.kind.access {
		fields["access"], fields["organization_wide"] = &a.Access, &a.OrganizationWide
	}
	if a.kind.commands {
		fields["commands"] = &a.Commands
	}
	return fields
}

// subject is the app or the organization that the token is for.
func (a *kindArguments) subject() *types.String {
	if a.kind.ofApp {
		return &a.App
	}
	return &a.Organization
}

// computed maps the attributes that are computed.
func (a *kindArguments) computed() map[string]any {
	return map[string]any{
		"token": &a.Token, "authorization_header": &a.AuthorizationHeader, "token_id": &a.TokenID,
		"expires_at": &a.ExpiresAt, "fingerprint": &a.Fingerprint,
	}
}

// request returns what is asked for.
func (a *kindArguments) request() token.Request {
	if app := a.App.ValueString(); app != "" {
		return token.Request{App: app, Access: token.AccessDeploy}
	}
	return token.Request{Organization: a.Organization.ValueString()}
}

// mintKind returns what Fly's token is narrowed to. It is nil for a deploy token.
func (a *kindArguments) mintKind(ctx context.Context) (*flyapi.TokenKind, diag.Diagnostics) {
	switch k := a.kind; {
	case k.deploys:
		return nil, nil
	case k.access && a.Access.ValueString() == organizationFull:
		return flyapi.OrganizationToken(), nil
	case k.access:
		return flyapi.ReadOrganizationToken(), nil
	case k.commands:
		commands, diags := a.commands(ctx)
		return flyapi.MachineExecToken(commands...), diags
	case k.ofApp:
		return flyapi.SSHToken(), nil
	default:
		return flyapi.WireGuardToken(), nil
	}
}

// commands reads the commands.
func (a *kindArguments) commands(ctx context.Context) ([]macaroon.Command, diag.Diagnostics) {
	var models []commandModel
	diags := a.Commands.ElementsAs(ctx, &models, false)
	commands := make([]macaroon.Command, len(models))
	for i, m := range models {
		commands[i] = macaroon.Command{Args: m.Args, Exact: m.Exact.IsNull() || m.Exact.ValueBool()}
	}
	return commands, diags
}

// fill sets what is computed from the token that was minted.
func (a *kindArguments) fill(res token.Resolution) {
	a.Token = types.StringValue(res.Token.Reveal())
	a.AuthorizationHeader = types.StringValue(res.Token.AuthorizationHeader())
	a.TokenID = types.StringValue(res.ID)
	a.ExpiresAt = timestamp(res.ExpiresAt)
	a.Fingerprint = types.StringValue(res.Token.Fingerprint())
}

// attributeReader and attributeWriter are what configurations, plans, states and
// results can do.
type (
	attributeReader interface {
		GetAttribute(ctx context.Context, at path.Path, target any) diag.Diagnostics
	}
	attributeWriter interface {
		SetAttribute(ctx context.Context, at path.Path, value any) diag.Diagnostics
	}
)

// readFields reads the attributes that fields maps.
func readFields(ctx context.Context, from attributeReader, fields map[string]any) diag.Diagnostics {
	var diags diag.Diagnostics
	for name, field := range fields {
		diags.Append(from.GetAttribute(ctx, path.Root(name), field)...)
	}
	return diags
}

// writeFields writes them.
func writeFields(ctx context.Context, to attributeWriter, fields map[string]any) diag.Diagnostics {
	var diags diag.Diagnostics
	for name, field := range fields {
		diags.Append(to.SetAttribute(ctx, path.Root(name), field)...)
	}
	return diags
}
