# A read-only token for Fly's log shipper, https://github.com/superfly/fly-log-shipper.
#
# The token belongs to the organization, not to one app. The shipper subscribes to
# the organization's log stream over NATS, with the organization's name as the user
# and the token as the password. NATS refuses a token for one app, so access, which
# would narrow the token to the app, is unset. Without access the provider mints
# the token of `fly tokens create readonly`: it can only read, in the whole
# organization.

terraform {
  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

variable "organization" {
  description = "Slug of the organization whose logs are shipped."
  type        = string
}

provider "fly" {
  organization = var.organization

  # Without this, a login might be returned, which can do more than read.
  sources = ["storage", "api"]

  # A token of 90 days. The first apply within the last 21 days replaces it.
  token_ttl    = "2160h"
  min_validity = "504h"
}

# The state holds the token in clear text, as it does with fly_deploy_token. An
# ephemeral token could not signal that it has changed.
data "fly_app_token" "logs" {
  app = "log-shipper"
}

resource "terraform_data" "secrets" {
  triggers_replace = data.fly_app_token.logs.fingerprint

  provisioner "local-exec" {
    command = "printf 'ORG=%s\\nACCESS_TOKEN=%s\\n' \"$ORG\" \"$ACCESS_TOKEN\" | fly secrets import --app log-shipper"

    environment = {
      ORG          = var.organization
      ACCESS_TOKEN = data.fly_app_token.logs.authorization_header
    }
  }
}
