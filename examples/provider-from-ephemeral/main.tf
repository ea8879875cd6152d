# An ephemeral token configures a different provider, which manages the app's
# volumes. That provider can do nothing outside the app, and its token is in
# neither the state nor the plan.
#
# That provider, stategraph/fly, is also called fly. A configuration must give one
# of them a different local name and use it in `provider` arguments.

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
