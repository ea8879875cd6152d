package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ resource.ResourceWithConfigure      = (*kindTokenResource)(nil)
	_ resource.ResourceWithValidateConfig = (*kindTokenResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*kindTokenResource)(nil)
	_ resource.ResourceWithImportState    = (*kindTokenResource)(nil)
)

// kindTokenResource is the resource of one of flyctl's kinds: "fly_ssh_token" and
// others.
type kindTokenResource struct{ managedTokenResource }

// newKindTokenResources returns a constructor for the resource of each kind.
func newKindTokenResources() []func() resource.Resource {
	var all []func() resource.Resource
	for _, kind := range tokenKinds() {
		all = append(all, func() resource.Resource { return &kindTokenResource{managedTokenResource{kind: kind}} })
	}
	return all
}

// ImportState refuses: Fly does not show the token again.
func (r *kindTokenResource) ImportState(_ context.Context, _ resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resp.Diagnostics.AddError("Unable to Import "+r.kind.title, fmt.Sprintf(
		"Fly shows a token only when it is minted. Create a %s instead, replace the old token where it is used, and revoke it with `fly tokens revoke`.", r.kind.typeName()))
}

// Schema describes the resource.
func (r *kindTokenResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := r.arguments()
	addComputed(attributes, kindComputed())
	resp.Schema = schema.Schema{
		MarkdownDescription: r.kind.use + " It is minted over Fly's API, rotated before it expires, and revoked by `destroy`.\n\n" + r.kind.limits + "\n\n" +
			"The provider decodes each token that it mints, and proves these limits from its caveats before the token is used.\n\n" +
			"**Rotation** is an update in place. The first plan within `rotate_before` of the token's expiry shows it, with a warning. So does a change of an argument, except where its description says otherwise. " +
			"The previous token stays live until the next rotation, until the resource is destroyed, or until it expires. A rotation needs an apply: schedule one more often than `rotate_before`.\n\n" +
			"**Revocation:** `destroy` revokes the token and the previous one. A token that was revoked elsewhere is gone from the state at the next refresh, and planned anew.\n\n" +
			"Minting takes a user's login, as `fly auth login` or `FLY_API_TOKEN` give it. A scoped token cannot mint other tokens. `fly tokens list` shows the token as `NAME (terraform …)`.\n\n" +
			"**Import** is not possible: the guide [Adopting tokens](../guides/adopt.md#other-kinds-of-token) replaces a token that was minted elsewhere.\n\n" +
			"~> The state holds the token in clear text. For a token of one run, use the ephemeral resource of the same name.",
		Attributes: attributes,
	}
}

// arguments are what a user may set.
func (r *kindTokenResource) arguments() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"name": resourceString(tokenName(), "Name that `fly tokens list` shows, followed by `(terraform …)`. Changing it rotates. Defaults to `"+r.kind.defaultName()+"`."),
		"ttl": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(short(defaultDeployTTL)),
			MarkdownDescription: "How long a token lives, as a duration such as `720h`, from `1s` to `8760h` (one year). Defaults to `720h` (30 days). Changing it rotates.",
			Validators:          []validator.String{durationBetween(minDeployTTL, maxDeployTTL)},
		},
		"rotate_before": resourceString(durationBetween(minDeployTTL, maxDeployTTL), "How long before its expiry the token is rotated, as a duration of `1s` or more and less than `ttl`. Defaults to a quarter of `ttl`. Changing it does not rotate: it applies from the next refresh on."),
		"triggers": schema.MapAttribute{
			Optional:            true,
			ElementType:         types.StringType,
			MarkdownDescription: "Any values. A change of them rotates the token.",
		},
	}
	attributes[r.kind.subject()] = r.subject()
	if r.kind.access {
		attributes["access"] = schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(organizationReadOnly),
			MarkdownDescription: docKindAccess + " Changing it rotates.",
			Validators:          []validator.String{organizationAccess()},
		}
		attributes["organization_wide"] = schema.BoolAttribute{Optional: true, MarkdownDescription: docKindWide + " Changing it does not rotate."}
	}
	if r.kind.commands {
		attributes["commands"] = schema.ListNestedAttribute{
			Required:            true,
			MarkdownDescription: docKindCommands + " Changing it rotates.",
			Validators:          kindCommands(),
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"args":  schema.ListAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: docKindArgs},
				"exact": schema.BoolAttribute{Optional: true, MarkdownDescription: docKindExact},
			}},
		}
	}
	return attributes
}

// subject is the argument that names the app or the organization.
func (r *kindTokenResource) subject() schema.Attribute {
	a := schema.StringAttribute{
		Required:            true,
		MarkdownDescription: docKindOrganization + " Changing it replaces the resource.",
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:          []validator.String{organizationSlug()},
	}
	if r.kind.ofApp {
		a.MarkdownDescription = docKindApp + " Changing it replaces the resource."
		a.Validators = []validator.String{appName()}
	}
	return a
}
