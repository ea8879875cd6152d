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

# What calls Fly's API takes the header as it is.
output "authorization_header" {
  value     = provider::fly::authorization_header(var.token)
  sensitive = true
}
