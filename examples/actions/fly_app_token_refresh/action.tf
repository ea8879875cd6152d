action "fly_app_token_refresh" "web" {
  config {
    app    = "web" # replace with your app
    access = "deploy"
  }
}

# On the command line: terraform apply -invoke=action.fly_app_token_refresh.web
# Or whenever something changes:
resource "terraform_data" "release" {
  input = "2026-11"

  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.fly_app_token_refresh.web]
    }
  }
}
