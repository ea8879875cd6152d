terraform {
  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

# Every argument is optional. By default, the provider uses flyctl's login from
# `fly auth login`, or FLY_ACCESS_TOKEN or FLY_API_TOKEN.
provider "fly" {
  organization = "acme" # replace with your organization
  token_ttl    = "12h"
}
