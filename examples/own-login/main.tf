# The token of one app, acquired with flyctl's login on this machine.
# `make demo APP=my-app` applies it.

terraform {
  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

provider "fly" {}

variable "app" {
  description = "Name of the Fly app."
  type        = string
}

data "fly_app_token" "app" {
  app = var.app
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
