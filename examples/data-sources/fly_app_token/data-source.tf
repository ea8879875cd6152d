data "fly_app_token" "web" {
  app = "web" # replace with your app
}

# Clients of Fly's API can use the header directly.
output "authorization_header" {
  value     = data.fly_app_token.web.authorization_header
  sensitive = true
}
