package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// A token that an engine restricts does at Fly what the restriction allows, and
// otherwise only reads.
func TestAccProcessAttenuatedUse(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	secrets := map[string]string{
		"app": s.Make(flytest.Make{App: "web"}).Reveal(), "organization": s.Make(flytest.Make{Organization: "acme"}).Reveal(),
	}
	tests := map[string]struct{ of, restrictions, can string }{
		"none":           {"app", `{}`, "yny yyn yn yn n"},
		"commands":       {"app", `{ commands = [{ args = ["bin/migrate", "up"] }] }`, "ynn ynn nn nn n"},
		"prefix":         {"app", `{ commands = [{ args = ["bin/migrate"], exact = false }] }`, "ynn yyn nn nn n"},
		"machines":       {"app", `{ machines = ["machine"] }`, "ynn yyn nn nn n"},
		"other_machines": {"app", `{ machines = ["other"] }`, "ynn nnn nn nn n"},
		"volumes":        {"app", `{ volumes = ["vol"] }`, "ynn nnn nn nn n"},
		"mutations":      {"app", `{ mutations = ["issueCertificate"] }`, "ynn nnn yn nn n"},
		"features":       {"organization", `{ features = ["wg"] }`, "yyn nnn nn yn n"},
		"apps":           {"organization", fmt.Sprintf(`{ app_ids = [%d] }`, web), "yny yyn yn nn n"},
	}
	var module strings.Builder
	module.WriteString("variable \"app\" {}\nvariable \"organization\" {}\n\noutput \"headers\" {\n  sensitive = true\n  value = {\n")
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		fmt.Fprintf(&module, "    %s = provider::fly::authorization_header(provider::fly::attenuate_token(var.%s, %s))\n", name, tests[name].of, tests[name].restrictions)
	}
	module.WriteString("  }\n}\n")
	p := start(t, module.String(), append(runner(t, s, s.Login(ownerOfBoth)), "TF_VAR_app="+secrets["app"], "TF_VAR_organization="+secrets["organization"])...)
	applied := p.run("apply", "-auto-approve")
	headers := p.headers()
	for name, test := range tests {
		if got := attemptsOnFly(s, headers[name]); got != test.can {
			t.Errorf("%s: %s, want %s", name, got, test.can)
		}
	}
	silent(t, secrets, applied, p.unchanged())
}
