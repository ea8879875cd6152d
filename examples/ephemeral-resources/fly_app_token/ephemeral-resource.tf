# The same token in plan and apply, stored in neither state nor plan.
ephemeral "fly_app_token" "web" {
  app    = "web" # replace with your app
  access = "readonly"
}

# A separate token for this run, which is revoked at its end.
ephemeral "fly_app_token" "deploy" {
  app             = "web"
  access          = "deploy"
  revoke_on_close = true
}

resource "terraform_data" "deploy" {
  provisioner "local-exec" {
    command = "fly deploy --app web"

    environment = {
      FLY_API_TOKEN = ephemeral.fly_app_token.deploy.token
    }
  }
}
