# The module's use of the tokens, tested without Fly: `terraform test`, `tofu test`.
# A mock replaces the provider and invents the values that it does not set, so a
# test sets the values that the module depends on. Arguments are still validated:
# a token must have the form of one.

mock_provider "fly" {
  mock_data "fly_app_token" {
    defaults = {
      origin = "api"
    }
  }
}

override_data {
  target = data.fly_app_token.web
  values = {
    origin = "manual"
  }
}

variables {
  web_token = "fo1_a-token-for-tests"
}

run "web_has_its_own" {
  command = apply

  assert {
    condition     = output.origins == { web = "manual", worker = "api" }
    error_message = "web and worker have the wrong tokens"
  }

  assert {
    condition     = fly_manual_token.web.app == "web"
    error_message = "the token is kept for another app"
  }
}

run "another_version_is_written" {
  command = apply

  variables {
    web_token         = "fo1_another-token-for-tests"
    web_token_version = 2
  }

  assert {
    condition     = fly_manual_token.web.token_wo_version == 2
    error_message = "the token is not written anew"
  }
}
