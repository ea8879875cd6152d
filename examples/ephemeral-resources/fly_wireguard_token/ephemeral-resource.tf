ephemeral "fly_wireguard_token" "peer" {
  organization = "acme"
}

# The token is revoked as soon as the command has ended. The peer stays.
resource "terraform_data" "peer" {
  provisioner "local-exec" {
    command = "fly wireguard create acme ams office"

    environment = {
      FLY_API_TOKEN = ephemeral.fly_wireguard_token.peer.token
    }
  }
}
