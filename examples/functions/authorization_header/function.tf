terraform {
  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

variable "token" {
  description = "A Fly token, with or without its scheme."
  type        = string
  sensitive   = true
}

# Clients of Fly's API can use the header directly.
output "authorization_header" {
  value     = provider::fly::authorization_header(var.token)
  sensitive = true
}
