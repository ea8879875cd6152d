resource "fly_deploy_token" "ci" {
  app           = "web" # replace with your app
  name          = "ci"
  ttl           = "720h" # 30 days
  rotate_before = "168h" # replaced in the last week of them
  overlap       = "24h"  # the replaced token stays valid for a day

  # A change here rotates the token.
  triggers = {
    reason = "first"
  }
}
