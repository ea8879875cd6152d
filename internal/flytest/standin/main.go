// Command standin is a provider that stands in for another one where the
// examples are tested: for integrations/github where its program is called
// terraform-provider-github, and for stategraph/fly where it is called
// terraform-provider-fly. It has what the examples use of them, by the names that
// they have there, and keeps each secret that the other one would send to its
// service in a file of the folder STANDIN_DIR, named after the resource's type.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

// kind is what one of the providers has.
type kind struct {
	// name is the provider's type.
	name string
	// settings are the arguments of its block.
	settings []string
	// secret is the one of them that is sent to its service, or "".
	secret string
	// resource is the type of its resource, with texts and numbers as arguments.
	resource       string
	texts, numbers []string
	// writeOnly is the resource's own secret, and version the number that says
	// when there is another one; "" where it has none.
	writeOnly, version string
}

// kinds are the providers by the names of their programs. integrations/github had
// no write-only argument when this was written: the names are those that its pull
// request 3151 proposes for the secrets of environments.
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
		_, _ = fmt.Fprintf(os.Stderr, "standin: there is nothing that %s stands in for\n", program)
		os.Exit(1)
	}
	if err := providerserver.Serve(context.Background(), newStandIn(k, os.Getenv("STANDIN_DIR")), providerserver.ServeOpts{
		Address: "registry.terraform.io/standin/" + k.name,
	}); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}
