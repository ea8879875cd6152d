# An inventory reads every app, and changes none.
resource "fly_organization_token" "inventory" {
  organization = "acme"
}

# The platform team creates and deletes apps. Plans would warn of this token
# without organization_wide.
resource "fly_organization_token" "platform" {
  organization      = "acme"
  access            = "full"
  organization_wide = true
  ttl               = "168h"
}
