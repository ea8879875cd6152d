terraform {
  required_providers {
    fly = {
      source = "flytokens/fly"
    }
  }
}

variable "token" {
  description = "A Fly token that gives access to the app, and maybe more."
  type        = string
  sensitive   = true
}

variable "app_id" {
  description = "Number of the app: internal_numeric_id in the Machines API."
  type        = number
}

# A token that can only read this app, until the end of the decade.
output "read_only_token" {
  value = provider::fly::attenuate_token(var.token, {
    app_ids    = [var.app_id]
    access     = "r"
    expires_at = "2029-12-31T23:59:59Z"
  })
  sensitive = true
}

# The organization's token, without the right to delete anything.
output "careful_token" {
  value     = provider::fly::attenuate_token(var.token, { organization_access = "rwcC" })
  sensitive = true
}

# A token that runs one command on one machine of this app, and can otherwise only
# read the app.
output "exec_token" {
  value = provider::fly::attenuate_token(var.token, {
    app_ids  = [var.app_id]
    machines = ["148e4d5f"]
    commands = [{ args = ["uptime"] }]
  })
  sensitive = true
}
