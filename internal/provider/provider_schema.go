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
		MarkdownDescription: "Hands each [Fly.io](https://fly.io) app the API token it needs: found or minted once, shared by everything in the run, " +
			"and refreshed when it has to be. Every argument is optional.",
		Attributes: map[string]schema.Attribute{
			"access_token": accessTokenAttribute(),
			"organization": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Slug of the organization whose apps are meant, as `fly orgs list` shows it. " +
					"Defaults to the `FLY_ORG` environment variable; without either, the organization of an app is looked up where it is needed.",
				Validators: []validator.String{organizationSlug()},
			},
			"sources": sourcesAttribute(),
			"refresh": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "What reading a token while planning throws away: `if_rejected` (the default) a token that has expired or is about to, and one that Fly no longer accepts, " +
					"for which each stored, configured or manual token is shown to Fly once per plan; `if_expired` only the former, which sends nothing to Fly; " +
					"`always` every token that was minted before, which mints a new one for every plan and so shows a change in whatever uses it. " +
					"When Fly's API gives no answer within 3 seconds, the plan goes on with what it has.",
				Validators: []validator.String{refreshPolicy()},
			},
			"token_ttl": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How long a minted token is to live, as a duration such as `24h` or `90m`, from `5m` to `8760h` (one year). " +
					"Defaults to `24h`.",
				Validators: []validator.String{durationBetween(minTokenTTL, maxTokenTTL)},
			},
			"min_validity": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "How much of its life a token must have left to be handed out as it is, as a duration of `1s` or more and less than `token_ttl`. " +
					"A token with less is replaced where that is possible. For a minted token it never means more than a quarter of its whole life. " +
					"Defaults to `1h`, or to a quarter of `token_ttl` where that is less.",
				Validators: []validator.String{durationBetween(minMinValidity, maxTokenTTL)},
			},
			"config_file": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Path of flyctl's `config.yml`. A leading `~/` stands for the home folder. " +
					"Defaults to where flyctl finds it: `config.yml` in `FLY_CONFIG_DIR`, else in `~/.fly`.",
				Validators: []validator.String{filePath()},
			},
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
		MarkdownDescription: "The login: the token that tokens for apps are minted with, and that `env` hands out where nothing was minted. With or without its scheme (`FlyV1`, `Bearer`). " +
			"Defaults to the `FLY_ACCESS_TOKEN` environment variable, then to `FLY_API_TOKEN`, then to flyctl's own login in `config.yml`. It is never written to storage.",
		Validators: []validator.String{flyToken()},
	}
}

func sourcesAttribute() schema.Attribute {
	return schema.ListAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Where tokens are looked for, in this order; the first source that has one wins. " +
			"`storage`: tokens minted in earlier runs. `config`: flyctl's `config.yml`. `cli`: mints a token with `fly tokens create`. `api`: mints one over Fly's own API, without flyctl. " +
			"`env`: the login itself, from `access_token` or the environment. `manual`: tokens kept by `fly_manual_token`. " +
			"Without `storage`, minted tokens are neither read nor kept. " +
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
		MarkdownDescription: "How flyctl is run.",
		Attributes: map[string]schema.Attribute{
			"path": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Name or path of flyctl. A name is looked up on `PATH`; a leading `~/` stands for the home folder. " +
					"Defaults to `fly`, else `flyctl`, whichever is found.",
				Validators: []validator.String{filePath()},
			},
			"timeout": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "How long one run of flyctl may take, as a duration above zero and up to `1h`; it is killed after that. Defaults to `15s`.",
				Validators:          []validator.String{durationBetween(minCLITimeout, maxCLITimeout)},
			},
			"max_parallel": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "How many runs of flyctl there may be at once, at least 1. Defaults to `10`.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
		},
	}
}

func apiAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "How Fly's own APIs are reached. Proxies are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`). Redirects are not followed.",
		Attributes: map[string]schema.Attribute{
			"base_url": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Address of the GraphQL API, without `/graphql`: https, unless it is this machine. Defaults to the `FLY_API_BASE_URL` environment variable, else to `https://api.fly.io`.",
				Validators:          []validator.String{apiAddress(graphqlComplaint)},
			},
			"machines_base_url": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Address of the Machines API, without `/v1`: https, unless it is this machine. Defaults to the `FLY_FLAPS_BASE_URL` environment variable, else to `https://api.machines.dev`.",
				Validators:          []validator.String{apiAddress(machinesComplaint)},
			},
			"timeout": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "How long one request may take, with its retries, as a duration from `100ms` to `5m`. Defaults to `15s`. Showing a token to Fly takes 3 seconds at most, whatever this is.",
				Validators:          []validator.String{durationBetween(minAPITimeout, maxAPITimeout)},
			},
		},
	}
}

func storageAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Where minted and manual tokens are kept between runs: files that only the user can read.",
		Attributes: map[string]schema.Attribute{
			"path": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Folder for the records; it is made when it is first written to. A leading `~/` stands for the home folder. " +
					"Defaults to the `FLY_TOKEN_STORAGE` environment variable, else to `terraform-provider-fly` in the user's configuration folder " +
					"(`~/.config` on Linux, `~/Library/Application Support` on macOS, `%AppData%` on Windows).",
				Validators: []validator.String{filePath()},
			},
		},
	}
}
