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

# Minting needs a user's login: flyctl's own, or FLY_API_TOKEN. Storage holds the
# token, so set FLY_TOKEN_STORAGE to a place that every runner of this configuration
# reaches: vault://MOUNT/PATH or s3://BUCKET/PREFIX.
provider "fly" {
  organization = "acme" # replace with your organization
}

provider "github" {
  owner = "acme"
}

resource "fly_deploy_token" "ci" {
  app            = "web" # replace with your app
  name           = "github-actions"
  ttl            = "720h" # 30 days
  rotate_before  = "168h" # replaced in the last week of them
  token_in_state = false
}

# With the fingerprint, the engine reads the token after the apply has minted or
# rotated it.
ephemeral "fly_deploy_token" "ci" {
  app         = fly_deploy_token.ci.app
  name        = fly_deploy_token.ci.name
  fingerprint = fly_deploy_token.ci.fingerprint
}

resource "github_actions_secret" "fly" {
  repository  = "web"
  secret_name = "FLY_API_TOKEN"

  # integrations/github has no such argument yet. These names are from its pull
  # request 3151, for the secrets of environments.
  plaintext_value_wo = ephemeral.fly_deploy_token.ci.token

  # The engine does not detect a changed write-only value. A different token has a
  # different fingerprint, which gives a different number.
  plaintext_value_wo_version = parseint(substr(fly_deploy_token.ci.fingerprint, 0, 7), 16)
}
