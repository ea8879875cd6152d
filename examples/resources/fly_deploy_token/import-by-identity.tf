import {
  to = fly_deploy_token.ci
  identity = {
    app      = "web"
    token_id = "lat_0001"
  }
}
