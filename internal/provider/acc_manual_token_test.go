package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

const manualWeb = "fly_manual_token.web"

// manualConfig is a fly_manual_token named web.
func manualConfig(app, tok string) string {
	return fmt.Sprintf("resource \"fly_manual_token\" \"web\" {\n  app   = %q\n  token = %q\n}\n", app, tok)
}

// expect checks an attribute of the resource named web.
func expect(attribute string, want knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(manualWeb, tfjsonpath.New(attribute), want)
}

// planned expects one action for the resource named web.
func planned(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(manualWeb, action)}}
}

func TestAccManualToken(t *testing.T) {
	t.Parallel()
	a := accept(t)
	first, second := macaroonFor("first"), macaroonFor("second")
	rewritten := statecheck.CompareValue(compare.ValuesDiffer())
	a.run(
		resource.TestStep{
			Config:           manualConfig("web", first),
			ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				expect("app", knownvalue.StringExact("web")),
				expect("token", knownvalue.StringExact(first)),
				expect("fingerprint", knownvalue.StringExact(fingerprintOf(first))),
				expect("updated_at", knownvalue.StringRegexp(regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`))),
				statecheck.ExpectSensitiveValue(manualWeb, tfjsonpath.New("token")),
				rewritten.AddStateValue(manualWeb, tfjsonpath.New("fingerprint")),
			},
		},
		// A different spelling is not a change, and state keeps its own.
		resource.TestStep{
			Config:            manualConfig("web", "FlyV1 "+first),
			ConfigPlanChecks:  planned(plancheck.ResourceActionNoop),
			ConfigStateChecks: []statecheck.StateCheck{expect("token", knownvalue.StringExact(first))},
		},
		resource.TestStep{
			Config:           manualConfig("web", "FlyV1 "+second+"\n"),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				expect("token", knownvalue.StringExact("FlyV1 "+second+"\n")),
				expect("fingerprint", knownvalue.StringExact(fingerprintOf(second))),
				rewritten.AddStateValue(manualWeb, tfjsonpath.New("fingerprint")),
			},
		},
		resource.TestStep{
			ResourceName:                         manualWeb,
			ImportState:                          true,
			ImportStateId:                        "web",
			ImportStateVerify:                    true,
			ImportStateVerifyIdentifierAttribute: "app",
			ImportStateVerifyIgnore:              []string{"token"},
		},
		resource.TestStep{
			Config:           manualConfig("api", second),
			ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
		},
		resource.TestStep{
			ResourceName:  manualWeb,
			ImportState:   true,
			ImportStateId: "web",
			ExpectError:   regexp.MustCompile(`holds\s+no\s+manual\s+token\s+for\s+app\s+"web"`),
		},
	)
}

// If a different process wrote to storage, the next apply restores the token. A
// missing record is written again.
func TestAccManualTokenDrift(t *testing.T) {
	t.Parallel()
	a := accept(t)
	ours := macaroonFor("ours")
	a.run(
		resource.TestStep{Config: manualConfig("web", ours)},
		resource.TestStep{
			PreConfig:        func() { overwrite(t, a.storage(), macaroonFor("theirs")) },
			Config:           manualConfig("web", ours),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				expect("token", knownvalue.StringExact(ours)),
				expect("fingerprint", knownvalue.StringExact(fingerprintOf(ours))),
			},
		},
		resource.TestStep{
			PreConfig:        func() { a.clear("web") },
			Config:           manualConfig("web", ours),
			ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
		},
		// Storage already holds the token that the configuration now sets.
		resource.TestStep{
			PreConfig:         func() { overwrite(t, a.storage(), macaroonFor("theirs")) },
			Config:            manualConfig("web", macaroonFor("theirs")),
			ConfigPlanChecks:  planned(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{expect("fingerprint", knownvalue.StringExact(fingerprintOf(macaroonFor("theirs"))))},
		},
	)
}

func TestAccManualTokenAdoptionAndRefusal(t *testing.T) {
	t.Parallel()
	a := accept(t)
	theirs := macaroonFor("theirs")
	before := created(manual(t, a.storage()), attrs{"app": "web", "token": theirs})
	a.run(
		resource.TestStep{
			Config:      manualConfig("web", macaroonFor("ours")),
			ExpectError: regexp.MustCompile(`Import\s+it\s+first`),
		},
		resource.TestStep{
			Config:           manualConfig("web", theirs),
			ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				expect("updated_at", knownvalue.StringExact(as[string](t, before["updated_at"]))),
			},
		},
	)
}

// An imported record takes the token of the configuration at the next apply.
func TestAccManualTokenImportBlock(t *testing.T) {
	t.Parallel()
	a := accept(t)
	theirs, ours := macaroonFor("theirs"), macaroonFor("ours")
	created(manual(t, a.storage()), attrs{"app": "web", "token": theirs})
	a.run(
		resource.TestStep{
			Config:           "import {\n  to = fly_manual_token.web\n  id = \"web\"\n}\n" + manualConfig("web", ours),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{
				expect("token", knownvalue.StringExact(ours)),
				expect("fingerprint", knownvalue.StringExact(fingerprintOf(ours))),
			},
		},
		resource.TestStep{
			Config:           manualConfig("web", ours),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	)
}

// A token of a different resource that is known only at apply.
func TestAccManualTokenUnknown(t *testing.T) {
	t.Parallel()
	a := accept(t)
	tok := macaroonFor("web")
	config := func(value string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"token\" {\n  input = %q\n}\n", value) +
			"resource \"fly_manual_token\" \"web\" {\n  app   = \"web\"\n  token = terraform_data.token.output\n}\n"
	}
	a.run(
		resource.TestStep{
			Config:            config(tok),
			ConfigStateChecks: []statecheck.StateCheck{expect("fingerprint", knownvalue.StringExact(fingerprintOf(tok)))},
		},
		resource.TestStep{
			Config:            config("FlyV1 " + tok),
			ConfigStateChecks: []statecheck.StateCheck{expect("fingerprint", knownvalue.StringExact(fingerprintOf(tok)))},
		},
		resource.TestStep{Config: config("hunter2"), ExpectError: regexp.MustCompile(`Invalid Fly Token|Unable to Save Manual Token`)},
	)
}

// A destroy does not remove a token that a different process stored.
func TestAccManualTokenDestroyAfterDrift(t *testing.T) {
	t.Parallel()
	a := accept(t)
	a.run(
		resource.TestStep{Config: manualConfig("web", macaroonFor("ours"))},
		resource.TestStep{
			PreConfig: func() { overwrite(t, a.storage(), macaroonFor("theirs")) },
			Config:    manualConfig("web", macaroonFor("ours")),
			Destroy:   true,
		},
	)
	if got := resolved(manual(t, a.storage())); got != macaroonFor("theirs") {
		t.Errorf("the stored token became %v", got)
	}
}

// With create_before_destroy the successor takes the record over, and the
// destruction of its predecessor leaves it.
func TestAccManualTokenCreateBeforeDestroy(t *testing.T) {
	t.Parallel()
	a := accept(t)
	config := func(trigger string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"trigger\" {\n  input = %q\n}\n"+
			"resource \"fly_manual_token\" \"web\" {\n  app   = \"web\"\n  token = %q\n  lifecycle {\n    create_before_destroy = true\n"+
			"    replace_triggered_by  = [terraform_data.trigger]\n  }\n}\n", trigger, macaroonFor("kept"))
	}
	a.run(
		resource.TestStep{Config: config("one")},
		resource.TestStep{
			Config:           config("two"),
			ConfigPlanChecks: planned(plancheck.ResourceActionCreateBeforeDestroy),
		},
		// If it were lost, the plan would create it.
		resource.TestStep{Config: config("two"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
	)
}
