ephemeral "fly_ssh_token" "check" {
  app = "web"
}

# The token is revoked as soon as the command has ended.
resource "terraform_data" "check" {
  provisioner "local-exec" {
    command = "fly ssh console --app web --command /app/bin/check"

    environment = {
      FLY_API_TOKEN = ephemeral.fly_ssh_token.check.token
    }
  }
}
