package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Schema describes the provider block.
func (p *flyProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Gives each [Fly.io](https://fly.io) app the API token it needs. It finds or mints the token once, shares it with everything in the run, " +
			"and replaces it when necessary. Every argument is optional.",
		Attributes: map[string]schema.Attribute{
			"access_token": accessTokenAttribute(),
			"organization": providerString(organizationSlug(), "Slug of the apps' organization, as in `fly orgs list`. "+
				"Defaults to the `FLY_ORG` environment variable; without either, the organization of an app is looked up when it is needed."),
			"sources": sourcesAttribute(),
			"refresh": providerString(refreshPolicy(), "Which tokens a read during a plan replaces. `if_rejected` (the default): tokens that have expired or will soon, and tokens that Fly rejects, "+
				"for which the provider checks each stored, configured or manual token with Fly once per plan. `if_expired`: only the former, without requests to Fly. "+
				"`always`: all earlier minted tokens. Every plan then mints a new one and shows a change in its consumers. "+
				"If Fly's API does not answer within 3 seconds, the plan continues with the tokens that it has."),
			"token_ttl": providerString(durationBetween(minTokenTTL, maxTokenTTL), "The lifetime of a minted token, as a duration such as `24h` or `90m`, from `5m` to `8760h` (one year). "+
				"Defaults to `24h`."),
			"min_validity": providerString(durationBetween(minMinValidity, maxTokenTTL), "The remaining lifetime below which a token is replaced if possible, as a duration of `1s` or more and less than `token_ttl`. "+
				"For a minted token it is limited to a quarter of the whole lifetime. "+
				"Defaults to `1h`, or to a quarter of `token_ttl` if that is less."),
			"config_file": providerString(filePath(), "Path of flyctl's `config.yml`. A leading `~/` means the home folder. "+
				"Defaults to flyctl's own location: `config.yml` in `FLY_CONFIG_DIR`, otherwise in `~/.fly`."),
			"cli":     cliAttribute(),
			"api":     apiAttribute(),
			"storage": storageAttribute(),
		},
	}
}

func accessTokenAttribute() schema.Attribute {
	return schema.StringAttribute{
		Optional:  true,
		Sensitive: true,
		MarkdownDescription: "The login. Tokens for apps are minted with it, and `env` returns it if no token was minted. With or without its scheme (`FlyV1`, `Bearer`). " +
			"Defaults to the `FLY_ACCESS_TOKEN` environment variable, then to `FLY_API_TOKEN`, then to flyctl's own login in `config.yml`. It is never written to storage.",
		Validators: []validator.String{flyToken()},
	}
}

func sourcesAttribute() schema.Attribute {
	return schema.ListAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "The sources of tokens, in order. The first source that has a token is used. " +
			"`storage`: tokens minted in earlier runs. `config`: flyctl's `config.yml`. `cli`: mints a token with `fly tokens create`. `api`: mints one over Fly's own API, without flyctl. " +
			"`env`: the login itself, from `access_token` or the environment. `manual`: tokens set by `fly_manual_token`. " +
			"Without `storage`, minted tokens are neither read nor stored. " +
			"Defaults to `[\"storage\", \"config\", \"cli\", \"api\", \"env\", \"manual\"]`.",
		Validators: []validator.List{
			listvalidator.SizeAtLeast(1),
			listvalidator.NoNullValues(),
			distinct{},
			listvalidator.ValueStringsAre(oneOf("Invalid Source", sourceNames()...)),
		},
	}
}

func cliAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Settings for flyctl.",
		Attributes: map[string]schema.Attribute{
			"path": providerString(filePath(), "Name or path of flyctl. A name is looked up on `PATH`; a leading `~/` means the home folder. "+
				"Defaults to `fly`, or `flyctl` if that is not found."),
			"timeout": providerString(durationBetween(minCLITimeout, maxCLITimeout), "Time limit for one run of flyctl, as a duration above zero and up to `1h`. Defaults to `15s`."),
			"max_parallel": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Maximum number of concurrent runs of flyctl, at least 1. Defaults to `10`.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
		},
	}
}

func apiAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Settings for Fly's APIs. Proxies come from the environment (`HTTPS_PROXY`, `NO_PROXY`). Redirects are not followed.",
		Attributes: map[string]schema.Attribute{
			"base_url":          providerString(apiAddress(graphqlComplaint), "Address of the GraphQL API, without `/graphql`. It must be https, except for loopback addresses. Defaults to the `FLY_API_BASE_URL` environment variable, otherwise to `https://api.fly.io`."),
			"machines_base_url": providerString(apiAddress(machinesComplaint), "Address of the Machines API, without `/v1`. It must be https, except for loopback addresses. Defaults to the `FLY_FLAPS_BASE_URL` environment variable, otherwise to `https://api.machines.dev`."),
			"timeout":           providerString(durationBetween(minAPITimeout, maxAPITimeout), "Time limit for one request and its retries, as a duration from `100ms` to `5m`. Defaults to `15s`. The check of a token with Fly always takes at most 3 seconds."),
			"max_parallel": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Maximum number of concurrent requests, and of connections to each API, at least 1. Defaults to `10`.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
		},
	}
}

// providerString is an optional argument of the provider block.
func providerString(check validator.String, description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: []validator.String{check}}
}
