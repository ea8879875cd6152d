variable "web_token" {
  type      = string
  sensitive = true
}

resource "fly_manual_token" "web" {
  app   = "web"
  token = var.web_token
}
