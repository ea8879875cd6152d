import {
  to = fly_manual_token.web
  id = "web"
}
