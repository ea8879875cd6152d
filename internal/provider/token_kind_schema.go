package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The documentation of arguments that the resource and the ephemeral resource of
// a kind share.
const (
	docKindApp          = "Name of the app, which has to exist."
	docKindOrganization = "Slug of the organization, as `fly orgs list` shows it. The provider's `organization` is not used here."
	docKindAccess       = "What the token may do: `readonly`, to read the organization, or `full`, everything in it. Defaults to `readonly`."
	docKindWide         = "Set it to `true` to confirm that a token of access `full` gives access to every app of the organization. Plans then do not warn."
	docKindCommands     = "Commands that the token may execute. Any other command is refused."
	docKindArgs         = "The command and its arguments. With `exact = false`, an empty list is every command."
	docKindExact        = "Whether the arguments are all of them. With `false`, further arguments may follow. Defaults to `true`."
)

// kindComputed documents what is computed.
func kindComputed() map[string]computedString {
	return map[string]computedString{
		"token":                {true, "The token, without a scheme."},
		"authorization_header": {true, "The token as the value of an HTTP `Authorization` header: `FlyV1 …`."},
		"token_id":             {false, "Fly's identifier of the token. `fly tokens revoke` takes it. It gives access to nothing."},
		"expires_at":           {false, "When the token expires, as an RFC 3339 timestamp."},
		"fingerprint":          {false, "The first 16 hex digits of the token's SHA-256. It changes with the token and reveals nothing of it."},
	}
}

func organizationAccess() validator.String {
	return oneOf("Invalid Access", organizationReadOnly, organizationFull)
}

// kindCommands accepts a list of commands that each allow something.
func kindCommands() []validator.List {
	return []validator.List{listvalidator.SizeAtLeast(1), commandsCheck{}}
}

// commandsCheck refuses a command without arguments that is exact: no request
// would match it.
type commandsCheck struct{}

func (commandsCheck) Description(context.Context) string {
	return "each command has args, or is not exact"
}

func (c commandsCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateList checks the commands that are known.
func (commandsCheck) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	for i, element := range req.ConfigValue.Elements() {
		object, ok := element.(types.Object)
		if !ok {
			continue
		}
		args, known := object.Attributes()["args"].(types.List)
		exact, isBool := object.Attributes()["exact"].(types.Bool)
		if !known || !isBool || args.IsNull() || args.IsUnknown() || exact.IsUnknown() || len(args.Elements()) > 0 {
			continue
		}
		if exact.IsNull() || exact.ValueBool() {
			resp.Diagnostics.AddAttributeError(req.Path.AtListIndex(i), "Invalid Command",
				"The command has no arguments, so it would match nothing. Name the command in args, or set exact = false to allow every command.")
		}
	}
}

// wideWarning warns of a token with access to a whole organization, unless the
// configuration confirms it.
func (a *kindArguments) wideWarning() diag.Diagnostics {
	var diags diag.Diagnostics
	unknown := a.OrganizationWide.IsUnknown() || a.Access.IsUnknown()
	if !a.kind.access || unknown || a.Access.ValueString() != organizationFull || a.OrganizationWide.ValueBool() {
		return diags
	}
	diags.AddAttributeWarning(path.Root("access"), "Fly Token Gives Access to a Whole Organization", fmt.Sprintf(
		"With access \"full\", the token may do everything in every app of %s, and in apps that do not exist yet.\n\n"+
			"Use fly_deploy_token for one app, or access \"readonly\". If the token has to open the organization, set organization_wide = true, and plans no longer warn.", target(a.request())))
	return diags
}
