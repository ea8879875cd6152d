# After a leak: terraform apply -invoke=action.fly_app_token_invalidate.web
action "fly_app_token_invalidate" "web" {
  config {
    app    = "web" # replace with your app
    revoke = true
  }
}
