variable "web_token" {
  type      = string
  sensitive = true
  ephemeral = true
}

# Kept in storage, and neither in the state nor in the plan. Engines that know no
# write-only arguments take the token as `token`, from a variable that is not
# ephemeral, and keep it in the state.
resource "fly_manual_token" "web" {
  app              = "web" # replace with your app
  token_wo         = var.web_token
  token_wo_version = 1
}
