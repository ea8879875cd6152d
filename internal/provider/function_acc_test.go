package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// example reads the example in the documentation of a function.
func example(t *testing.T, function string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "functions", function, "function.tf"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// outputs is a step that applies the configuration to a token, expects these
// values in its outputs, and then an empty plan.
func outputs(text string, variables config.Variables, want map[string]knownvalue.Check) resource.TestStep {
	step := resource.TestStep{Config: text, ConfigVariables: variables}
	for name, value := range want {
		step.ConfigStateChecks = append(step.ConfigStateChecks, statecheck.ExpectKnownOutputValue(name, value))
	}
	return step
}

func texts(values ...string) knownvalue.Check {
	var checks []knownvalue.Check
	for _, v := range values {
		checks = append(checks, knownvalue.StringExact(v))
	}
	return knownvalue.ListExact(checks)
}

func TestAccFunctionParseTokenExample(t *testing.T) {
	t.Parallel()
	text := example(t, "parse_token")
	token := func(v string) config.Variables { return config.Variables{"token": config.StringVariable(v)} }
	accept(t).run(
		outputs(text, token(flyctlToken(t, "dep")), map[string]knownvalue.Check{
			"apps":         knownvalue.MapExact(map[string]knownvalue.Check{"8000": knownvalue.StringExact("rwcdC")}),
			"expires_at":   knownvalue.StringExact("2026-12-02T12:17:13Z"),
			"caveat_types": texts("Organization", "Apps", "IfPresent", "ValidityWindow", "3P"),
		}),
		resource.TestStep{
			Config: text, ConfigVariables: token(flyctlToken(t, "org")),
			ExpectError: regexp.MustCompile(`must\s+be\s+confined\s+to\s+certain\s+apps`),
		},
		resource.TestStep{
			Config: text, ConfigVariables: token(flyctlToken(t, "dep") + "," + oauthFor("login")),
			ExpectError: regexp.MustCompile(`must\s+be\s+confined\s+to\s+certain\s+apps`),
		},
	)
}

// TestAccFunctionParseTokenFlyctl compares, in an engine, the result for
// flyctl's tokens with the output of `flyctl tokens debug`, except for two
// fields.
func TestAccFunctionParseTokenFlyctl(t *testing.T) {
	t.Parallel()
	a := accept(t)
	const text = `
variable "token" { type = string }
variable "debug" { type = string }

locals {
  parsed = [for m in provider::fly::parse_token(var.token) : { location = m.location, caveats = jsondecode(m.caveats) }]
  debug  = [for m in jsondecode(var.debug) : {
    location = m.location
    caveats  = [for c in m.caveats : c.type == "3P" ? jsonencode({ type = "3P", body = { Location = c.body.Location } }) : jsonencode(c)]
  }]
}

output "same" {
  value = [for m in local.parsed : { location = m.location, caveats = [for c in m.caveats : jsonencode(c)] }] == local.debug
}
`
	var steps []resource.TestStep
	for _, name := range []string{"ro", "dep", "org", "ssh"} {
		steps = append(steps, outputs(text, config.Variables{
			"token": config.StringVariable(flyctlToken(t, name)),
			"debug": config.StringVariable(string(vector(t, "fake-"+name+".debug.json"))),
		}, map[string]knownvalue.Check{"same": knownvalue.Bool(true)}))
	}
	a.run(steps...)
}

// TestAccFunctionAttenuateTokenExample narrows a token of the organization, and
// expects the same token in every plan.
func TestAccFunctionAttenuateTokenExample(t *testing.T) {
	t.Parallel()
	a := accept(t)
	text, org := example(t, "attenuate_token"), mintOrgToken(t)
	readOnly := attenuateToken(t, org, attrs{"app_ids": []any{mintApp}, "access": "r", "expires_at": "2029-12-31T23:59:59Z"})
	careful := attenuateToken(t, org, attrs{"organization_access": "rwcC"})
	exec := attenuateToken(t, org, attrs{"app_ids": []any{mintApp}, "machines": []any{"148e4d5f"}, "commands": []any{attrs{"args": []any{"uptime"}}}})
	if err := decoded(t, readOnly).ProveReadOnly(mintApp); err != nil {
		t.Error(err)
	}
	variables := config.Variables{"token": config.StringVariable(org), "app_id": config.IntegerVariable(mintApp)}
	again := resource.TestStep{
		Config: text, ConfigVariables: variables,
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
	}
	a.run(outputs(text, variables, map[string]knownvalue.Check{
		"read_only_token": knownvalue.StringExact(readOnly),
		"careful_token":   knownvalue.StringExact(careful),
		"exec_token":      knownvalue.StringExact(exec),
	}), again)
}

func TestAccFunctionAuthorizationHeaderExample(t *testing.T) {
	t.Parallel()
	text := example(t, "authorization_header")
	header := func(token, want string) resource.TestStep {
		return outputs(text, config.Variables{"token": config.StringVariable(token)},
			map[string]knownvalue.Check{"authorization_header": knownvalue.StringExact(want)})
	}
	accept(t).run(
		header("Bearer "+macaroonFor("one"), "FlyV1 "+macaroonFor("one")),
		header(oauthFor("login"), "Bearer "+oauthFor("login")),
	)
}

// TestAccFunctionLanguage calls the functions with the language's values of
// numbers, nulls, lists, maps and results of other calls.
func TestAccFunctionLanguage(t *testing.T) {
	t.Parallel()
	a := accept(t)
	const app = uint64(1<<63 + 1)
	org := mintOrgToken(t)
	confined := attenuateToken(t, org, attrs{"app_ids": []any{app}})
	text := fmt.Sprintf(`
locals {
  org   = %q
  id    = %d
  parts = provider::fly::parse_token(provider::fly::attenuate_token(local.org, { app_ids = [local.id], access = null }))
}

output "constants" {
  value = [for f in [{ app_ids = tolist([local.id]) }, { app_ids = toset([local.id]) }, { app_ids = [tostring(local.id)] }, { app_ids = keys(local.parts[0].apps) }] :
    provider::fly::attenuate_token(local.org, f)]
}
output "map" { value = provider::fly::attenuate_token(local.org, tomap({ app_ids = [local.id] })) }
output "apps" { value = local.parts[0].apps }
output "organization" { value = local.parts[0].organization_id + 1 }
output "discharge" { value = local.parts[1].organization_id == null && local.parts[1].apps == null }
`, org, app)
	a.run(outputs(text, nil, map[string]knownvalue.Check{
		"constants":    texts(confined, confined, confined, confined),
		"map":          knownvalue.StringExact(confined),
		"apps":         knownvalue.MapExact(map[string]knownvalue.Check{"9223372036854775809": knownvalue.StringExact("rwcdC")}),
		"organization": knownvalue.Int64Exact(mintOrg + 1),
		"discharge":    knownvalue.Bool(true),
	}))
}

// TestAccFunctionUnknown passes restrictions that are known after apply: the plan
// waits for them.
func TestAccFunctionUnknown(t *testing.T) {
	t.Parallel()
	a := accept(t)
	org := mintOrgToken(t)
	text := fmt.Sprintf(`
resource "terraform_data" "letters" { input = "r" }

output "narrowed" {
  value = provider::fly::attenuate_token(%q, { access = terraform_data.letters.output })
}
`, org)
	step := outputs(text, nil, map[string]knownvalue.Check{"narrowed": knownvalue.StringExact(attenuateToken(t, org, attrs{"access": "r"}))})
	step.ConfigPlanChecks.PreApply = []plancheck.PlanCheck{plancheck.ExpectUnknownOutputValue("narrowed")}
	a.run(step)
}

// TestAccFunctionSensitive checks that results from a sensitive value are
// sensitive.
func TestAccFunctionSensitive(t *testing.T) {
	t.Parallel()
	a := accept(t)
	var steps []resource.TestStep
	for _, expression := range []string{
		`provider::fly::parse_token(var.token)[0].kind`,
		`provider::fly::attenuate_token(var.token, {})`,
		`provider::fly::attenuate_token(nonsensitive(var.token), { access = sensitive("r") })`,
		`provider::fly::authorization_header(var.token)`,
	} {
		text := "variable \"token\" {\n  type = string\n  sensitive = true\n}\noutput \"it\" {\n  value = " + expression + "\n"
		variables := config.Variables{"token": config.StringVariable(mintOrgToken(t))}
		steps = append(steps,
			resource.TestStep{Config: text + "}\n", ConfigVariables: variables, ExpectError: regexp.MustCompile(`Output\s+refers\s+to\s+sensitive\s+values`)},
			resource.TestStep{Config: text + "  sensitive = true\n}\n", ConfigVariables: variables},
		)
	}
	a.run(steps...)
}

// TestAccFunctionErrors checks that errors point at the invalid argument.
func TestAccFunctionErrors(t *testing.T) {
	t.Parallel()
	a := accept(t)
	tests := map[string]string{
		`provider::fly::parse_token("fm2_AA")`:                             `Invalid value for "token" parameter: not a Fly token: part 1 of 1`,
		`provider::fly::parse_token(null)`:                                 `Invalid value for "token" parameter: argument must not be null`,
		`provider::fly::authorization_header("web")`:                       `Invalid value for "token" parameter: not a Fly token: part 1 of 1 does not start with`,
		`provider::fly::attenuate_token("web", { access = "r" })`:          `Invalid value for "token" parameter: not a Fly token`,
		`provider::fly::attenuate_token(local.org, { app_id = 8000 })`:     `Invalid value for "restrictions" parameter: "app_id" is not a restriction`,
		`provider::fly::attenuate_token(local.org, { app_ids = ["web"] })`: `Invalid value for "restrictions" parameter: app_ids\[0\] is not an app's number`,
		`provider::fly::attenuate_token(local.app, { app_ids = [8001] })`:  `Invalid value for "restrictions" parameter: app_ids has app 8001, to which the token gives no access`,
		`provider::fly::attenuate_token(local.org, null)`:                  `Invalid value for "restrictions" parameter: argument must not be null`,
	}
	locals := fmt.Sprintf("locals {\n  org = %q\n  app = %q\n}\n", mintOrgToken(t), mintOrgToken(t, macaroon.Apps{mintApp: macaroon.ActionAll}))
	var steps []resource.TestStep
	for expression, want := range tests {
		steps = append(steps, resource.TestStep{
			Config:      locals + "output \"it\" {\n  value = " + expression + "\n}\n",
			ExpectError: regexp.MustCompile(strings.ReplaceAll(want, " ", `\s+`)),
		})
	}
	a.run(steps...)
}
