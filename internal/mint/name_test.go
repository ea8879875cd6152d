package mint_test

import (
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The names that the provider gives are recognized, and similar ones of users are not.
func TestParseName(t *testing.T) {
	t.Parallel()
	suffix := token.MintSuffix()
	for name, want := range map[string]mint.Name{
		token.MintName("web"): {Kind: token.MintSource, App: "web"},
		"terraform-provider-fly web (terraform " + suffix + ")": {Kind: token.MintManaged, App: "web"},
		"ci of the shop (terraform " + suffix + ")":             {Kind: token.MintManaged},
		"terraform-provider-fly web (ephemeral " + suffix + ")": {Kind: token.MintLease, App: "web"},

		mint.Label(token.Request{App: "web"}) + " (terraform " + suffix + ")":           {Kind: token.MintManaged, App: "web"},
		mint.Label(token.Request{Organization: "acme"}) + " (terraform " + suffix + ")": {Kind: token.MintManaged, Organization: "acme"},
		mint.Label(token.Request{Organization: "acme"}) + " (ephemeral " + suffix + ")": {Kind: token.MintLease, Organization: "acme"},
	} {
		if got, ok := mint.ParseName(name); !ok || got != want {
			t.Errorf("ParseName(%q) = %+v, %v", name, got, ok)
		}
	}
	for _, name := range []string{
		"", suffix, "flyctl deploy token", "terraform-provider-fly " + suffix, "terraform-provider-fly Web " + suffix,
		"terraform-provider-fly web " + suffix[1:], "terraform-provider-fly web 0123456789", "ci (ephemeral " + suffix + ")", mint.Label(token.Request{Organization: "acme"}) + " " + suffix,
		"ci (terraform)", "ci (" + suffix + ")", "terraform-provider-fly web (terraform " + suffix,
	} {
		if got, ok := mint.ParseName(name); ok {
			t.Errorf("ParseName(%q) = %+v, want none", name, got)
		}
	}
}
