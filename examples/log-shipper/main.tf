# A read-only token for Fly's log shipper, https://github.com/superfly/fly-log-shipper.
#
# It is the organization's, and not one app's: the shipper subscribes to the
# organization's log stream over NATS, with the organization's name as the user
# and the token as the password. A token that opens one app is refused there, so
# access, which would narrow it to the app, is left unset. What is minted without
# access is what `fly tokens create readonly` makes: it reads the whole
# organization, and changes nothing in it.

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

  # Without these, a login might be handed out, which can do more than read.
  sources = ["storage", "api"]

  # A token of 90 days, replaced by the first apply in the last 21 of them.
  token_ttl    = "2160h"
  min_validity = "504h"
}

# The state holds the token in clear text. A deploy token of fly_deploy_token
# would do so too, and an ephemeral one could not tell when it is another.
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
