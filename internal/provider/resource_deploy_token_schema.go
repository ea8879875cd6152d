package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Schema describes the resource.
func (r *deployTokenResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := deployTokenArguments()
	addComputed(attributes, map[string]computedString{
		"token":                {true, "The token, without a scheme. Null with `token_in_state = false`."},
		"authorization_header": {true, "The token as the value of an HTTP `Authorization` header: `FlyV1 …`. Null with `token_in_state = false`."},
		"token_id":             {false, "Fly's identifier of the token, for `fly tokens revoke`. It is not a secret."},
		"expires_at":           {false, "When the token expires, as an RFC 3339 timestamp."},
		"predecessor_id":       {false, "Fly's identifier of the replaced token, while it is valid. Null if there is none. It is not a secret."},
		"fingerprint":          {false, "The first 16 hex digits of the token's SHA-256. It identifies the token without revealing it."},
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "A token for one Fly app that outlives a run, for deployments elsewhere: in CI, in a job, by a different team. It is minted over Fly's API, rotated before it expires, and revoked when it is destroyed. " +
			"It gives access to its app and nothing else: the provider narrows it if necessary.\n\n" +
			"**Rotation** is an update in place. The first plan within `rotate_before` of the token's expiry shows one, with a warning. So does a change of any argument except `app`, `rotate_before` and `overlap`. " +
			"An earlier plan applies as shown. The replaced token stays valid until the next rotation, until the resource is destroyed, or until it expires. `overlap` revokes it earlier. So its consumers can receive the new one in the same apply or later. " +
			"Rotation needs an apply: run one on a schedule, more often than `rotate_before`.\n\n" +
			"**Revocation:** destroy revokes the token and its predecessor. If a token was revoked elsewhere, the next refresh removes it from the state and plans a new one.\n\n" +
			"**Import** adopts a token that was minted elsewhere. Fly does not show its value, so the first apply mints a successor. The second apply revokes the imported token, or a later one after `overlap`. " +
			"Fly lists SSH and machine-exec tokens as deploy tokens too. The successor is always a deploy token. The guide [Adopting tokens](../guides/adopt.md) has the steps.\n\n" +
			"It needs a login that may mint: a user's, from `fly auth login` or in `FLY_API_TOKEN`. A scoped token cannot mint other tokens. The provider's `sources`, `token_ttl` and stored tokens do not matter. " +
			"Fly lists the token as `NAME (terraform …)`. Storage keeps that name, and Fly's identifier, until a later plan or apply finds the token in the state. A token that a killed run left at Fly is revoked when the resource is next created, rotated or destroyed. This needs the same storage, folder and workspace. " +
			"If a state may hold the token, a warning names it and the command to revoke it.\n\n" +
			"~> The token is stored in clear text in the state, where everyone with access to the state can read it. With `token_in_state = false` it is not: the ephemeral resource `fly_deploy_token` reads it from the provider's storage. " +
			"If only one run needs a token, use the ephemeral `fly_app_token`.",
		Attributes: attributes,
	}
}

// resourceString is an optional argument of a resource.
func resourceString(check validator.String, description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{check}}
}

// computedString describes a computed attribute.
type computedString struct {
	sensitive   bool
	description string
}

// addComputed adds the attributes that a plan keeps until it shows a rotation.
func addComputed(attributes map[string]schema.Attribute, computed map[string]computedString) {
	for name, a := range computed {
		attributes[name] = schema.StringAttribute{
			Computed:            true,
			Sensitive:           a.sensitive,
			MarkdownDescription: a.description,
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
	}
}

// deployTokenArguments are what a user may set.
func deployTokenArguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"app": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the app, which must exist. Changing it replaces the resource.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			Validators:          []validator.String{appName()},
		},
		"name":         resourceString(tokenName(), "The token's name in `fly tokens list`, followed by `(terraform …)`. Fly cannot rename a token, so changing it rotates. Defaults to `terraform-provider-fly APP`."),
		"organization": resourceString(organizationSlug(), "Slug of the organization the app must belong to. Defaults to the provider's `organization`; without either it is looked up. Changing it rotates."),
		"access": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(string(token.AccessDeploy)),
			MarkdownDescription: "The token's permissions: `deploy` for everything inside this app and the features that deploying needs, or `readonly` to read this app. Defaults to `deploy`. Changing it rotates.",
			Validators:          []validator.String{access()},
		},
		"ttl": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(short(defaultDeployTTL)),
			MarkdownDescription: "The lifetime of a token, as a duration such as `720h`, from `1s` to `8760h` (one year). Defaults to `720h` (30 days). Changing it rotates.",
			Validators:          []validator.String{durationBetween(minDeployTTL, maxDeployTTL)},
		},
		"rotate_before":  resourceString(durationBetween(minDeployTTL, maxDeployTTL), "How long before its expiry the token is rotated, as a duration of `1s` or more and less than `ttl`. Defaults to a quarter of `ttl`. A change takes effect at the next refresh."),
		"overlap":        resourceString(durationBetween(0, maxDeployTTL), "How long a replaced token stays valid after a rotation, as a duration such as `24h`. The first plan after that shows an update, with a warning, and its apply revokes the token. `0s` revokes it in the next apply. Without it, the next rotation revokes the token. For an imported token, it defaults to `0s`. A change takes effect at the next refresh."),
		"token_in_state": tokenInStateAttribute(),
		"triggers": schema.MapAttribute{
			Optional:            true,
			ElementType:         types.StringType,
			MarkdownDescription: "Arbitrary values. Any change rotates the token. Rotate twice to revoke the current one.",
		},
	}
}
