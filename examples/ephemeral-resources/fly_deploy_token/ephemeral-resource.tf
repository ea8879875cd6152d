resource "fly_deploy_token" "ci" {
  app            = "web" # replace with your app
  name           = "ci"
  token_in_state = false
}

# With the fingerprint, the engine reads the token after the apply has minted or
# rotated it.
ephemeral "fly_deploy_token" "ci" {
  app         = fly_deploy_token.ci.app
  name        = fly_deploy_token.ci.name
  fingerprint = fly_deploy_token.ci.fingerprint
}

# Data sources and other configurations get it as the app's manual token.
resource "fly_manual_token" "web" {
  app      = "web"
  token_wo = ephemeral.fly_deploy_token.ci.token

  # A different token has a different fingerprint, which gives a different number.
  token_wo_version = parseint(substr(fly_deploy_token.ci.fingerprint, 0, 7), 16)
}
