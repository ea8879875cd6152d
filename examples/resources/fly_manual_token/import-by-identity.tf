import {
  to = fly_manual_token.web
  identity = {
    app = "web"
  }
}
