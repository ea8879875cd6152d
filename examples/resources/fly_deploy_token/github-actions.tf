# The token as a GitHub Actions secret. A rotation updates the secret in the same
# apply, and a workflow that started with the old token can still use it.
#
# The GitHub provider has no write-only argument for secrets yet
# (integrations/terraform-provider-github#3202), so the value is in the state, as
# it is with fly_deploy_token itself.
terraform {
  required_providers {
    fly    = { source = "flytokens/fly" }
    github = { source = "integrations/github", version = "~> 6.12" }
  }
}

resource "fly_deploy_token" "ci" {
  app  = "web"
  name = "github-actions"
}

resource "github_actions_secret" "fly" {
  repository  = "web"
  secret_name = "FLY_API_TOKEN"
  value       = fly_deploy_token.ci.token
}
