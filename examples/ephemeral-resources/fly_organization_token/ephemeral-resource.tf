ephemeral "fly_organization_token" "inventory" {
  organization = "acme"
}

# The token is revoked as soon as the command has ended.
resource "terraform_data" "inventory" {
  provisioner "local-exec" {
    command = "fly apps list --org acme"

    environment = {
      FLY_API_TOKEN = ephemeral.fly_organization_token.inventory.token
    }
  }
}
