package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

const dataWeb = "data.fly_app_token.web"

// readWebData reads the token of web and puts all computed attributes into an
// output.
const readWebData = `
data "fly_app_token" "web" {
  app = "web"
}

output "web" {
  value     = data.fly_app_token.web
  sensitive = true
}
`

// readWeb is readWebData with a provider block of the arguments given.
func readWeb(arguments string) string {
	return fmt.Sprintf("provider \"fly\" {\n%s\n}\n", arguments) + readWebData
}

// has checks an attribute of the data source named web.
func has(attribute string, want knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(dataWeb, tfjsonpath.New(attribute), want)
}

// answers is a step in which web's token has that origin. The engine plans
// twice after the apply. The step fails if a plan has changes.
func answers(config, origin string, before func(), more ...statecheck.StateCheck) resource.TestStep {
	return resource.TestStep{
		PreConfig:         before,
		Config:            config,
		ConfigStateChecks: append(more, has("origin", knownvalue.StringExact(origin))),
	}
}

// calls checks at the end of a step how often the fake was called.
func calls(step resource.TestStep, t *testing.T, fly *fakefly.Fake, want int) resource.TestStep {
	step.PostApplyFunc = func() {
		if got := len(fly.Calls()); got != want {
			t.Errorf("flyctl was run %d times, want %d", got, want)
		}
	}
	return step
}

// chained is a world in which every source except config.yml has a token.
func chained(t *testing.T) (*acceptance, *fakefly.Fake) {
	t.Helper()
	a := accept(t)
	fly := fakefly.Install(t, fakefly.Behaviour{})
	a.Variables = []string{"PATH=" + fly.Dir(), "FLY_ORG=acme", "FLY_API_TOKEN=" + macaroonFor("env")}
	created(manual(t, a.storage()), attrs{"app": "web", "token": macaroonFor("manual")})
	return a, fly
}

// One source after the other loses its token, and the next one is used.
func TestAccChainOrder(t *testing.T) {
	t.Parallel()
	a, fly := chained(t)
	config := readWeb(`sources = ["storage", "config", "cli", "api", "env", "manual"]`)
	a.run(
		calls(answers(config, "cli", nil), t, fly, 1),
		// Storage precedes config.yml.
		calls(answers(config, "cli", func() { a.logIn(macaroonFor("file")) }), t, fly, 1),
		// config.yml precedes the CLI.
		calls(answers(config, "config", func() { a.forget() },
			has("token", knownvalue.StringExact(macaroonFor("file")))), t, fly, 1),
		calls(answers(config, "cli", func() { a.remove(a.configFile()) }), t, fly, 2),
		// The CLI precedes the environment's login.
		answers(config, "env", func() { a.forget(); fly.Set(fakefly.NoLogin()) },
			has("token", knownvalue.StringExact(macaroonFor("env")))),
		// The login precedes the manual token.
		answers(config, "manual", func() { a.Variables = a.Variables[:2] },
			has("token", knownvalue.StringExact(macaroonFor("manual")))),
		resource.TestStep{
			PreConfig:   func() { a.clear("web") },
			Config:      config,
			ExpectError: regexp.MustCompile(`(?s)No\s+token\s+for\s+app\s+"web".*storage: .*config: .*cli: .*env: .*manual: `),
		},
	)
}

func TestAccSourcesTurnTheOrderRound(t *testing.T) {
	t.Parallel()
	a, fly := chained(t)
	a.logIn(macaroonFor("file"))
	turned := `sources = ["manual", "cli"]`
	a.run(
		calls(answers(readWeb(turned), "manual", nil), t, fly, 0),
		calls(answers(readWeb(`sources = ["env", "config"]`), "env", nil), t, fly, 0),
		calls(answers(readWeb(`sources = ["storage", "manual", "cli"]`), "manual", nil), t, fly, 0),
		calls(answers(readWeb(`sources = ["storage", "cli", "manual"]`), "cli", nil), t, fly, 1),
		// Without storage, minted tokens are neither read nor stored.
		calls(answers(readWeb(turned), "manual", nil), t, fly, 1),
		resource.TestStep{
			PreConfig:          func() { a.clear("web") },
			Config:             readWeb(turned),
			ConfigStateChecks:  []statecheck.StateCheck{has("origin", knownvalue.StringExact("cli"))},
			ExpectNonEmptyPlan: true,
		},
	)
	for _, call := range fly.Calls() {
		if call.Fly["FLY_ORG"] != "acme" || call.Login != fingerprintOf(macaroonFor("env")) {
			t.Errorf("flyctl was run with %v and login %s", call.Fly, call.Login)
		}
	}
}

// The computed attributes of the data source, for each kind of token. With all
// of them in an output, a plan after the apply is empty.
func TestAccAppTokenAttributes(t *testing.T) {
	t.Parallel()
	rfc3339 := knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))
	minted := knownvalue.StringRegexp(regexp.MustCompile(`^fm2_`))
	for origin, want := range map[string]map[string]knownvalue.Check{
		"config": {
			"token": knownvalue.StringExact(macaroonFor("file")), "authorization_header": knownvalue.StringExact("FlyV1 " + macaroonFor("file")),
			"acquired_at": knownvalue.Null(), "expires_at": knownvalue.Null(), "fingerprint": knownvalue.StringExact(fingerprintOf(macaroonFor("file"))),
		},
		"cli": {
			"token": minted, "authorization_header": knownvalue.StringRegexp(regexp.MustCompile(`^FlyV1 fm2_`)),
			"acquired_at": rfc3339, "expires_at": rfc3339, "fingerprint": knownvalue.StringRegexp(regexp.MustCompile(`^[0-9a-f]{16}$`)),
		},
		"env": {
			"token": knownvalue.StringExact(oauthFor("env")), "authorization_header": knownvalue.StringExact("Bearer " + oauthFor("env")),
			"acquired_at": knownvalue.Null(), "expires_at": knownvalue.Null(), "fingerprint": knownvalue.StringExact(fingerprintOf(oauthFor("env"))),
		},
		"manual": {
			"token": knownvalue.StringExact(macaroonFor("manual")), "authorization_header": knownvalue.StringExact("FlyV1 " + macaroonFor("manual")),
			"acquired_at": rfc3339, "expires_at": knownvalue.Null(), "fingerprint": knownvalue.StringExact(fingerprintOf(macaroonFor("manual"))),
		},
	} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()
			a, _ := chained(t)
			a.logIn(macaroonFor("file"))
			a.Variables[2] = "FLY_API_TOKEN=" + oauthFor("env")
			config := readWeb(fmt.Sprintf("sources = [\"storage\", %q]", origin))
			checks := []statecheck.StateCheck{
				has("app", knownvalue.StringExact("web")),
				statecheck.ExpectSensitiveValue(dataWeb, tfjsonpath.New("token")),
				statecheck.ExpectSensitiveValue(dataWeb, tfjsonpath.New("authorization_header")),
			}
			for attribute, value := range want {
				checks = append(checks, has(attribute, value))
			}
			a.run(
				answers(config, origin, nil, checks...),
				resource.TestStep{
					Config:           config,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				},
			)
		})
	}
}
