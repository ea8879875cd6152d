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
	ofWeb, ofAcme := token.MintLabel(token.Request{App: "web"}), token.MintLabel(token.Request{Organization: "acme"})
	for name, want := range map[string]mint.Name{
		token.MintName(token.Request{App: "web"}):           {Kind: token.MintSource, Label: ofWeb, App: "web"},
		token.MintName(token.Request{Organization: "acme"}): {Kind: token.MintSource, Label: ofAcme, Organization: "acme"},

		"terraform-provider-fly web (terraform " + suffix + ")": {Kind: token.MintManaged, Label: ofWeb, App: "web"},
		"ci of the shop (terraform " + suffix + ")":             {Kind: token.MintManaged, Label: "ci of the shop"},
		"terraform-provider-fly web (ephemeral " + suffix + ")": {Kind: token.MintLease, Label: ofWeb, App: "web"},

		ofWeb + " (terraform " + suffix + ")":  {Kind: token.MintManaged, Label: ofWeb, App: "web"},
		ofAcme + " (terraform " + suffix + ")": {Kind: token.MintManaged, Label: ofAcme, Organization: "acme"},
		ofAcme + " (ephemeral " + suffix + ")": {Kind: token.MintLease, Label: ofAcme, Organization: "acme"},
	} {
		if got, ok := mint.ParseName(name); !ok || got != want {
			t.Errorf("ParseName(%q) = %+v, %v", name, got, ok)
		}
	}
	for _, name := range []string{
		"", suffix, "flyctl deploy token", "terraform-provider-fly " + suffix, "terraform-provider-fly Web " + suffix,
		"terraform-provider-fly web " + suffix[1:], "terraform-provider-fly web 0123456789", "ci (ephemeral " + suffix + ")",
		"ci (terraform)", "ci (" + suffix + ")", "terraform-provider-fly web (terraform " + suffix,
	} {
		if got, ok := mint.ParseName(name); ok {
			t.Errorf("ParseName(%q) = %+v, want none", name, got)
		}
	}
}
