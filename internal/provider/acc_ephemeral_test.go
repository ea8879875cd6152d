package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// echoed opens an ephemeral fly_app_token, and keeps its values in a resource
// next to the data source.
func echoed(name, arguments string) string {
	return fmt.Sprintf(`
ephemeral "fly_app_token" "web" {
  app = "web"
%[2]s
}

data "fly_app_token" "web" {
  app = "web"
%[2]s
}

provider "echo" {
  data = ephemeral.fly_app_token.web
}

resource "echo" %[1]q {}
`, name, arguments)
}

// The ephemeral passes the data source's token to a different provider.
func TestAccEphemeralAppToken(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources)
	a := accept(t)
	tok := macaroonFor("web")
	a.logIn(tok)
	echo := func(name, attribute string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("echo."+name, tfjsonpath.New("data").AtMapKey(attribute), want)
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"fly": func() (tfprotov6.ProviderServer, error) {
				return provider.NewServer(provider.NewIn(a.World)()), nil
			},
			"echo": echoprovider.NewProviderServer(),
		},
		Steps: []resource.TestStep{
			{
				Config: echoed("first", ""),
				ConfigStateChecks: []statecheck.StateCheck{
					echo("first", "app", knownvalue.StringExact("web")),
					echo("first", "token", knownvalue.StringExact(tok)),
					echo("first", "authorization_header", knownvalue.StringExact("FlyV1 "+tok)),
					echo("first", "origin", knownvalue.StringExact("config")),
					echo("first", "fingerprint", knownvalue.StringExact(fingerprintOf(tok))),
					echo("first", "expires_at", knownvalue.Null()),
					statecheck.ExpectKnownValue("data.fly_app_token.web", tfjsonpath.New("token"), knownvalue.StringExact(tok)),
				},
			},
			{
				PreConfig:         func() { a.logIn(macaroonFor("next")) },
				Config:            echoed("second", `refresh = "if_expired"`),
				ConfigStateChecks: []statecheck.StateCheck{echo("second", "token", knownvalue.StringExact(macaroonFor("next")))},
			},
		},
	})
}

// writeOnlyConfig is a fly_manual_token named web with a write-only token.
func writeOnlyConfig(tok string, version int) string {
	return fmt.Sprintf("resource \"fly_manual_token\" \"web\" {\n  app              = \"web\"\n  token_wo         = %q\n  token_wo_version = %d\n}\n", tok, version)
}

func TestAccManualTokenWriteOnly(t *testing.T) {
	t.Parallel()
	requires(t, engine.WriteOnlyArguments)
	a := accept(t)
	first, second := macaroonFor("first"), macaroonFor("second")
	a.run(
		resource.TestStep{
			Config:      "resource \"fly_manual_token\" \"web\" {\n  app      = \"web\"\n  token_wo = \"" + first + "\"\n}\n",
			ExpectError: regexp.MustCompile(`token_wo_version`),
		},
		resource.TestStep{
			Config:      "resource \"fly_manual_token\" \"web\" {\n  app = \"web\"\n}\n",
			ExpectError: regexp.MustCompile(`Missing\s+Fly\s+Token`),
		},
		resource.TestStep{
			Config:           writeOnlyConfig(first, 1),
			ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				expect("token", knownvalue.Null()), expect("token_wo", knownvalue.Null()),
				expect("fingerprint", knownvalue.StringExact(fingerprintOf(first))),
			},
		},
		resource.TestStep{Config: writeOnlyConfig(second, 1), ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
		resource.TestStep{
			Config:            writeOnlyConfig(second, 2),
			ConfigPlanChecks:  planned(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{expect("fingerprint", knownvalue.StringExact(fingerprintOf(second)))},
		},
		// A different process wrote to storage.
		resource.TestStep{
			PreConfig:         func() { overwrite(t, a.storage(), macaroonFor("theirs")) },
			Config:            writeOnlyConfig(second, 2),
			ConfigPlanChecks:  planned(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{expect("fingerprint", knownvalue.StringExact(fingerprintOf(second)))},
		},
		resource.TestStep{
			Config:           manualConfig("web", second),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				expect("token", knownvalue.StringExact(second)), expect("token_wo_version", knownvalue.Null()),
			},
		},
	)
}
