# One app uses your own token. Every other app uses a token that the provider finds.

terraform {
  required_version = ">= 1.11" # write-only arguments, in OpenTofu too

  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

provider "fly" {
  organization = "acme"

  # Your own token takes precedence over any other.
  sources = ["manual", "storage", "cli", "api"]
}

variable "web_token" {
  description = "A token of the app web, as `fly tokens create deploy` prints it."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "web_token_version" {
  description = "Any number: another one has another web_token written."
  type        = number
  default     = 1
}

resource "fly_manual_token" "web" {
  app              = "web"
  token_wo         = var.web_token
  token_wo_version = var.web_token_version
}

data "fly_app_token" "web" {
  app = "web"

  # The first plan must not look for the token before it exists.
  depends_on = [fly_manual_token.web]
}

data "fly_app_token" "worker" {
  app = "worker"
}

output "origins" {
  description = "Where each app's token is from."
  value = {
    web    = data.fly_app_token.web.origin
    worker = data.fly_app_token.worker.origin
  }
}
