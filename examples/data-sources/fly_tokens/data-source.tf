data "fly_tokens" "acme" {
  organization = "acme"
}

# A check reports a warning and does not stop the apply.
check "no_token_lives_longer_than_a_year" {
  assert {
    condition = alltrue([
      for t in data.fly_tokens.acme.tokens :
      timecmp(t.expires_at, timeadd(t.created_at, "8784h")) <= 0
    ])
    error_message = "These tokens live longer than a year: ${join(", ", [
      for t in data.fly_tokens.acme.tokens : "${t.name} (${t.id})"
      if timecmp(t.expires_at, timeadd(t.created_at, "8784h")) > 0
    ])}"
  }
}

check "no_token_ends_within_a_week" {
  data "fly_tokens" "ending" {
    organization   = "acme"
    expires_after  = plantimestamp()
    expires_before = timeadd(plantimestamp(), "168h")
  }

  assert {
    condition     = length(data.fly_tokens.ending.tokens) == 0
    error_message = "These tokens end within a week: ${join(", ", data.fly_tokens.ending.tokens[*].name)}"
  }
}
