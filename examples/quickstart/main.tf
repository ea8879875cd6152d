# Your own token, stored for one app, and the app's token, read back. It needs
# neither flyctl nor a Fly account: `make demo` applies it with a generated token.

terraform {
  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

provider "fly" {
  # Nothing is sent to Fly, which would refuse a generated token.
  refresh = "if_expired"
}

variable "app" {
  description = "Name of the Fly app."
  type        = string
  default     = "quickstart"
}

variable "token" {
  description = "A token of that app, as `fly tokens create deploy` prints it."
  type        = string
  sensitive   = true
}

resource "fly_manual_token" "app" {
  app   = var.app
  token = var.token
}

data "fly_app_token" "app" {
  app = var.app

  # The first plan must not look for the token before it exists.
  depends_on = [fly_manual_token.app]
}

output "origin" {
  value = data.fly_app_token.app.origin
}

output "fingerprint" {
  value = data.fly_app_token.app.fingerprint
}

output "expires_at" {
  value = data.fly_app_token.app.expires_at
}
