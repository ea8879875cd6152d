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
	for name, a := range map[string]struct {
		sensitive   bool
		description string
	}{
		"token":                {true, "The token, without a scheme."},
		"authorization_header": {true, "The token as the value of an HTTP `Authorization` header: `FlyV1 …`."},
		"token_id":             {false, "What Fly knows the token by: `fly tokens revoke` takes it. It opens nothing."},
		"expires_at":           {false, "When the token expires, as an RFC 3339 timestamp."},
		"fingerprint":          {false, "The first 16 hex digits of the token's SHA-256. It tells two tokens apart and gives nothing of them away."},
	} {
		attributes[name] = schema.StringAttribute{
			Computed:            true,
			Sensitive:           a.sensitive,
			MarkdownDescription: a.description,
			PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A token for one Fly app that outlives a run, for what deploys it elsewhere: a CI secret, a job, another team. It is minted over Fly's API, rotated before it expires, and revoked when it is destroyed. " +
			"It opens its app and nothing else, whatever Fly put into it.\n\n" +
			"**Rotation** is an update in place. The first plan within `rotate_before` of the token's end shows one, and says so in a warning; so does a change of any argument but `app` and `rotate_before`. " +
			"A plan that was made earlier applies as it was shown. The token that was replaced stays good until the next rotation, until the resource is destroyed, or until its own end, so that whatever holds it can be given the new one in the same apply or after it. " +
			"Nothing is rotated without an apply: run one on a schedule, more often than `rotate_before`.\n\n" +
			"**Revocation:** destroy revokes the token and the one before it. A token that was revoked elsewhere is gone from the state at the next refresh, and planned anew.\n\n" +
			"It takes a login that may mint: a user's, as `fly auth login` or `FLY_API_TOKEN` give it. A scoped token cannot mint other tokens. The provider's `sources`, `token_ttl` and stored tokens play no part. " +
			"Fly lists the token as `NAME (terraform …)`. Storage keeps that name, and Fly's identifier, until a later plan or apply finds the token in the state. What a killed run leaves at Fly is revoked when the resource is next created, rotated or destroyed with the same storage, in the same folder and workspace. " +
			"Where it is not certain that no state holds the token, a warning names it and how to revoke it.\n\n" +
			"~> The token stands in clear text in the state, where everyone who can read the state can read it. For a token that is needed in one run alone, use the ephemeral `fly_app_token`.",
		Attributes: attributes,
	}
}

// deployTokenArguments are what a user may set.
func deployTokenArguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"app": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the app, which has to exist. Changing it replaces the resource.",
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			Validators:          []validator.String{appName()},
		},
		"name": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "What `fly tokens list` shows the token by, followed by `(terraform …)`. Fly cannot rename a token: changing it rotates. Defaults to `terraform-provider-fly APP`.",
			Validators:          []validator.String{deployTokenName()},
		},
		"organization": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Slug of the organization the app must belong to. Defaults to the provider's `organization`; without either it is looked up. Changing it rotates.",
			Validators:          []validator.String{organizationSlug()},
		},
		"access": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(string(token.AccessDeploy)),
			MarkdownDescription: "What the token may do: `deploy`, everything inside this app and what deploying it needs, or `readonly`, to read this app. Defaults to `deploy`. Changing it rotates.",
			Validators:          []validator.String{access()},
		},
		"ttl": schema.StringAttribute{
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(short(defaultDeployTTL)),
			MarkdownDescription: "How long a token is to live, as a duration such as `720h`, from `1s` to `8760h` (one year). Defaults to `720h` (30 days). Changing it rotates.",
			Validators:          []validator.String{durationBetween(minDeployTTL, maxDeployTTL)},
		},
		"rotate_before": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "How long before its end the token is rotated, as a duration of `1s` or more and less than `ttl`. Defaults to a quarter of `ttl`. Changing it counts from the next refresh on.",
			Validators:          []validator.String{durationBetween(minDeployTTL, maxDeployTTL)},
		},
		"triggers": schema.MapAttribute{
			Optional:            true,
			ElementType:         types.StringType,
			MarkdownDescription: "Anything you like. A change rotates the token: twice, where the one it replaces must go as well.",
		},
	}
}
