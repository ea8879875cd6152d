package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// The source line of every argument that is sensitive or write-only in the
// schemas is kept out of diagnostics.
func TestSecretArgumentsAreKnown(t *testing.T) {
	t.Parallel()
	w := dial(t, scratch(t))
	blocks := map[string]*tfprotov6.SchemaBlock{"provider": w.schema.Provider.Block}
	for name, s := range w.schema.ResourceSchemas {
		blocks["resource "+name] = s.Block
	}
	for name, s := range w.schema.DataSourceSchemas {
		blocks["data source "+name] = s.Block
	}
	for name, s := range w.schema.EphemeralResourceSchemas {
		blocks["ephemeral "+name] = s.Block
	}
	for name, s := range w.schema.ActionSchemas {
		blocks["action "+name] = s.Schema.Block
	}
	found := 0
	for name, block := range blocks {
		found += secretsAreKnown(t, name, block.Attributes)
	}
	if found == 0 {
		t.Error("no secret argument was found")
	}
}

// secretsAreKnown checks attributes and their nested attributes, and returns
// the number of secret arguments.
func secretsAreKnown(t *testing.T, in string, attributes []*tfprotov6.SchemaAttribute) (found int) {
	t.Helper()
	for _, a := range attributes {
		if a.NestedType != nil {
			found += secretsAreKnown(t, in+"."+a.Name, a.NestedType.Attributes)
		}
		if (a.Sensitive || a.WriteOnly) && (a.Optional || a.Required) {
			found++
			if !slices.Contains(provider.SecretArguments(), a.Name) {
				t.Errorf("%s of %s is secret, and its source line is shown", a.Name, in)
			}
		}
	}
	return found
}

// A real engine reports a malformed literal in any secret argument without its
// source line.
func TestAccProcessMalformedLiterals(t *testing.T) {
	t.Parallel()
	const literal = "hunter2-is-my-password"
	for name, test := range map[string]struct {
		config, argument string
		needs            []engine.Feature
	}{
		"a token as an app's name": {config: "data \"fly_app_token\" \"web\" {\n  app = \"fo1_" + literal + "\"\n}\n", argument: "app"},
		"access_token":             {config: "provider \"fly\" {\n  access_token = \"" + literal + "\"\n}\ndata \"fly_app_token\" \"web\" {\n  app = \"web\"\n}\n", argument: "access_token"},
		"token":                    {config: manualConfig("web", literal), argument: "token"},
		"token_wo": {
			config:   "resource \"fly_manual_token\" \"web\" {\n  app = \"web\"\n  token_wo = \"" + literal + "\"\n  token_wo_version = 1\n}\n",
			argument: "token_wo", needs: []engine.Feature{engine.WriteOnlyArguments},
		},
		"token_wo without its version": {
			config:   "resource \"fly_manual_token\" \"web\" {\n  app = \"web\"\n  token_wo = \"" + literal + "\"\n}\n",
			argument: "token_wo", needs: []engine.Feature{engine.WriteOnlyArguments},
		},
		"token beside token_wo": {
			config:   "resource \"fly_manual_token\" \"web\" {\n  app = \"web\"\n  token = \"" + literal + "\"\n  token_wo = \"" + literal + "\"\n  token_wo_version = 1\n}\n",
			argument: "token", needs: []engine.Feature{engine.WriteOnlyArguments},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requires(t, test.needs...)
			got := start(t, test.config).try("plan")
			text := strings.Join(strings.Fields(strings.ReplaceAll(got.output, "│", " ")), " ")
			if !got.failed || strings.Contains(got.output, "hunter2") || !strings.Contains(text, "The argument is "+test.argument+". Its line is not shown") {
				t.Errorf("the plan says:\n%s", got.output)
			}
		})
	}
}
