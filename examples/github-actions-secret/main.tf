# A deploy token of one app as a secret for its GitHub Actions. Run `terraform
# apply` on a schedule, more often than rotate_before. It rotates the token and
# passes the new one to GitHub in the same apply.

terraform {
  required_version = ">= 1.11" # write-only arguments, in OpenTofu too

  required_providers {
    fly = {
      source = "flytokens/fly"
    }
    github = {
      source = "integrations/github"
    }
  }
}

# Minting needs a user's login: flyctl's own, or FLY_API_TOKEN.
provider "fly" {
  organization = "acme" # replace with your organization
}

provider "github" {
  owner = "acme"
}

resource "fly_deploy_token" "ci" {
  app           = "web" # replace with your app
  name          = "github-actions"
  ttl           = "720h" # 30 days
  rotate_before = "168h" # replaced in the last week of them
}

resource "github_actions_secret" "fly" {
  repository  = "web"
  secret_name = "FLY_API_TOKEN"

  # The token is in the state once, in fly_deploy_token, and not twice.
  # integrations/github has no such argument yet. These names are from its pull
  # request 3151, for the secrets of environments. Until your release has them, set
  # plaintext_value, which is stored in the state.
  plaintext_value_wo = fly_deploy_token.ci.token

  # The engine does not detect a changed write-only value. A different token has a
  # different fingerprint, which gives a different number.
  plaintext_value_wo_version = parseint(substr(fly_deploy_token.ci.fingerprint, 0, 7), 16)
}
