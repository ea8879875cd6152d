# One leaked token, by its value, which is not stored:
#   TF_VAR_leaked=… terraform apply -invoke=action.fly_token_revoke.leaked
variable "leaked" {
  type      = string
  ephemeral = true
  default   = null
}

action "fly_token_revoke" "leaked" {
  config {
    token = var.leaked
  }
}

# Every token that the provider minted for an app, on any machine:
#   terraform apply -invoke=action.fly_token_revoke.web
action "fly_token_revoke" "web" {
  config {
    app = "web"
  }
}
