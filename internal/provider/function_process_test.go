package provider_test

import "testing"

// calledFunctions passes one sensitive token through every function.
const calledFunctions = `
variable "token" {
  type      = string
  sensitive = true
}

output "all" {
  sensitive = true
  value = [
    provider::fly::parse_token(var.token),
    provider::fly::attenuate_token(var.token, { app_ids = [8000], access = "r", expires_at = "2029-06-01T00:00:00Z" }),
    provider::fly::authorization_header(var.token),
  ]
}
`

// TestAccProcessFunctionsPrintNoToken searches the output and the log of calls
// that succeed and of calls that fail.
func TestAccProcessFunctionsPrintNoToken(t *testing.T) {
	t.Parallel()
	p := start(t, calledFunctions)
	whole := mintOrgToken(t)
	// A truncated token is not valid base64. One that is cut between groups of
	// four characters is not a macaroon.
	for name, step := range map[string]struct {
		token string
		fails bool
	}{
		"whole":             {token: whole},
		"cut off":           {token: whole[:101], fails: true},
		"cut off elsewhere": {token: whole[:104], fails: true},
		"with a login":      {token: whole + "," + oauthFor("login"), fails: true},
	} {
		p.env = []string{"TF_VAR_token=" + step.token}
		for _, args := range [][]string{{"validate"}, {"plan"}, {"apply", "-auto-approve"}} {
			got := p.try(args...)
			if fails := step.fails && args[0] != "validate"; got.failed != fails {
				t.Fatalf("%s, %s: failed is %v:\n%s", name, args[0], got.failed, got.output)
			}
			if at := leak(got.output, step.token); at != "" {
				t.Errorf("%s, %s: prints a part of the token: …%s…", name, args[0], at)
			}
			if at := leak(got.trace, step.token); at != "" {
				t.Errorf("%s, %s: logs a part of the token: …%s…", name, args[0], at)
			}
		}
	}
	p.env = []string{"TF_VAR_token=" + whole}
	p.run("apply", "-auto-approve")
	if p.run("plan", "-detailed-exitcode"); leak(p.run("output", "-json", "all").output, whole) == "" {
		t.Error("the output does not hold the token: is it the one that is searched for?")
	}
}
