variable "web_token" {
  type      = string
  sensitive = true
  ephemeral = true
}

# Stored in neither the state nor the plan. With an engine without write-only
# arguments, set `token` from a variable that is not ephemeral. The token is then
# in the state.
resource "fly_manual_token" "web" {
  app              = "web" # replace with your app
  token_wo         = var.web_token
  token_wo_version = 1
}
