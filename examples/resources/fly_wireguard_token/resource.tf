# A script on the office router keeps its WireGuard peer.
resource "fly_wireguard_token" "office" {
  organization = "acme"
  name         = "office router"
}
