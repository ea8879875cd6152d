package engine

import "testing"

func TestKnows(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		engine  Engine
		feature Feature
		want    bool
	}{
		"terraform, before":        {Engine{Kind: Terraform, Version: "1.9.8"}, EphemeralResources, false},
		"terraform, since":         {Engine{Kind: Terraform, Version: "1.10.0"}, EphemeralResources, true},
		"terraform, write-only":    {Engine{Kind: Terraform, Version: "1.10.5"}, WriteOnlyArguments, false},
		"terraform, identity":      {Engine{Kind: Terraform, Version: "1.11.4"}, ResourceIdentity, false},
		"terraform, candidate":     {Engine{Kind: Terraform, Version: "1.14.0-rc2"}, Actions, true},
		"terraform, next major":    {Engine{Kind: Terraform, Version: "2.0.0"}, Actions, true},
		"opentofu, before":         {Engine{Kind: OpenTofu, Version: "1.10.7"}, EphemeralResources, false},
		"opentofu, since":          {Engine{Kind: OpenTofu, Version: "1.11.0"}, WriteOnlyArguments, true},
		"opentofu, identity":       {Engine{Kind: OpenTofu, Version: "1.12.6"}, ResourceIdentity, true},
		"opentofu, actions":        {Engine{Kind: OpenTofu, Version: "1.99.0"}, Actions, false},
		"a version that is no one": {Engine{Kind: Terraform, Version: "next"}, EphemeralResources, false},
		"no such feature":          {Engine{Kind: Terraform, Version: "1.14.0"}, "telepathy", false},
	} {
		if got := test.engine.Knows(test.feature); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
