ephemeral "fly_machine_exec_token" "migrate" {
  app      = "web"
  commands = [{ args = ["bin/rails", "db:migrate"] }]
}

# The token is revoked as soon as the command has ended.
resource "terraform_data" "migrate" {
  provisioner "local-exec" {
    command = "fly machine exec 48e123abc 'bin/rails db:migrate' --app web"

    environment = {
      FLY_API_TOKEN = ephemeral.fly_machine_exec_token.migrate.token
    }
  }
}
