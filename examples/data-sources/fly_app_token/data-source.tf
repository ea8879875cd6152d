data "fly_app_token" "web" {
  app = "web" # replace with your app
}

# What calls Fly's API for the app takes the header as it is.
output "authorization_header" {
  value     = data.fly_app_token.web.authorization_header
  sensitive = true
}
