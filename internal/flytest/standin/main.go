// Command standin is a provider that replaces other providers in tests of the
// examples. It replaces integrations/github if its program is called
// terraform-provider-github, and stategraph/fly if it is called
// terraform-provider-fly. It has only the parts that the examples use, with the
// same names. The other provider would send secrets to its service. This one
// writes each to a file in the folder STANDIN_DIR, named after the resource's
// type.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

// kind describes one of the replaced providers.
type kind struct {
	// name is the provider's type.
	name string
	// settings are the arguments of its block.
	settings []string
	// secret is the argument that is sent to its service, or "".
	secret string
	// resource is the type of its resource, with texts and numbers as arguments.
	resource       string
	texts, numbers []string
	// writeOnly is the resource's own secret, and version the number that
	// changes with it; "" if it has none.
	writeOnly, version string
}

// kinds are the providers by the names of their programs. integrations/github
// has no write-only argument yet. The names are those of its pull request 3151
// for the secrets of environments.
func kinds() map[string]kind {
	return map[string]kind{
		"terraform-provider-github": {
			name: "github", settings: []string{"owner"},
			resource: "github_actions_secret", texts: []string{"repository", "secret_name"},
			writeOnly: "plaintext_value_wo", version: "plaintext_value_wo_version",
		},
		"terraform-provider-fly": {
			name: "fly", settings: []string{"api_token", "org_slug"}, secret: "api_token",
			resource: "fly_volume", texts: []string{"app", "name", "region"}, numbers: []string{"size_gb"},
		},
	}
}

func main() {
	program := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	k, ok := kinds()[program]
	if !ok {
		_, _ = fmt.Fprintf(os.Stderr, "standin: %s replaces no known provider\n", program)
		os.Exit(1)
	}
	if err := providerserver.Serve(context.Background(), newStandIn(k, os.Getenv("STANDIN_DIR")), providerserver.ServeOpts{
		Address: "registry.terraform.io/standin/" + k.name,
	}); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}
