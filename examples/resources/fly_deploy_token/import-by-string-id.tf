import {
  to = fly_deploy_token.ci
  id = "web/lat_0001"
}
