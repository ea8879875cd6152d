# The on-call engineers open consoles on one app, and cannot deploy it.
resource "fly_ssh_token" "on_call" {
  app           = "web"
  name          = "on-call"
  ttl           = "168h" # a week
  rotate_before = "24h"
}
