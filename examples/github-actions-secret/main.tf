# A deploy token of one app as a secret of the GitHub Actions that deploy it.
# `terraform apply` on a schedule, more often than rotate_before, rotates it and
# hands the new one to GitHub in the same apply.

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

# Minting takes a user's login: flyctl's own, or FLY_API_TOKEN.
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

  # The token stands in the state once, as fly_deploy_token's, and not twice.
  # GitHub's provider had no such argument when this was written: these two have
  # the names that its pull request 3151 proposes for the secrets of environments.
  # Until your release has them, give plaintext_value, which the state keeps.
  plaintext_value_wo = fly_deploy_token.ci.token

  # The engine does not see a write-only value change. Another token has another
  # fingerprint, and that makes another number.
  plaintext_value_wo_version = parseint(substr(fly_deploy_token.ci.fingerprint, 0, 7), 16)
}
