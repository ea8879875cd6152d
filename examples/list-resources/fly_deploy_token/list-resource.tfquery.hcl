# Write a configuration that adopts every deploy token of an organization:
#   terraform query -generate-config-out=adopted.tf
list "fly_deploy_token" "acme" {
  provider = fly
  limit    = 1000 # Terraform's default is 100

  config {
    organization = "acme"
  }
}
