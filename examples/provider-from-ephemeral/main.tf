# A provider that is configured by an ephemeral token: the one that manages the
# app's volumes can do nothing outside the app, and its token stands neither in
# the state nor in the plan.
#
# That provider, stategraph/fly, is called fly as well. Each configuration may
# call one of them by another name, and what belongs to it says so by `provider`.

terraform {
  required_version = ">= 1.11" # 1.10 on Terraform, but for stategraph/fly

  required_providers {
    flytokens = {
      source = "flytokens/fly"
    }
    fly = {
      source = "stategraph/fly"
    }
  }
}

provider "flytokens" {
  organization = "acme" # replace with your organization
}

ephemeral "fly_app_token" "web" {
  provider = flytokens

  app    = "web" # replace with your app
  access = "deploy"
}

provider "fly" {
  api_token = ephemeral.fly_app_token.web.token
  org_slug  = "acme"
}

resource "fly_volume" "data" {
  app     = "web"
  name    = "data"
  region  = "ams"
  size_gb = 1
}
