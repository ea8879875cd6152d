# By the app's name and Fly's identifier of the token. The value is not imported: the
# next apply mints a successor.
terraform import fly_deploy_token.ci web/lat_0001
