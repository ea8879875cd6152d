# By the name of the app. The token itself is not imported: the next plan sets it
# from the configuration.
terraform import fly_manual_token.web web
