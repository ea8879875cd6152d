terraform {
  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

variable "token" {
  description = "A Fly token."
  type        = string
  sensitive   = true

  # Refuse a token with access to more than some apps.
  validation {
    condition = alltrue([
      for part in provider::fly::parse_token(var.token) :
      part.kind == "permission" ? part.apps != null : part.kind != "oauth"
    ])
    error_message = "The token must be confined to certain apps."
  }
}

locals {
  parts = provider::fly::parse_token(var.token)
  grant = [for part in local.parts : part if part.kind == "permission"][0]
}

# The content of a token is as sensitive as the token, unless it is declared
# otherwise.
output "apps" {
  value = nonsensitive(local.grant.apps)
}

output "expires_at" {
  value = nonsensitive(local.grant.expires_at)
}

# Caveats are JSON, as `fly tokens debug` prints them.
output "caveat_types" {
  value = nonsensitive(jsondecode(local.grant.caveats)[*].type)
}
