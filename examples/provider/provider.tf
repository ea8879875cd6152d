terraform {
  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

# Everything is optional: without a word here, the provider uses flyctl's own
# login, as `fly auth login` left it, or FLY_ACCESS_TOKEN or FLY_API_TOKEN.
provider "fly" {
  organization = "acme" # replace with your organization
  token_ttl    = "12h"
}
