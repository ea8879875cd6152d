package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Schemas returns the schemas of everything that the provider offers. The
// documentation needs them, because not every engine prints those of actions
// and list resources.
func Schemas(ctx context.Context) (*tfprotov6.GetProviderSchemaResponse, error) {
	server := providerserver.NewProtocol6(newProvider("", processEnvironment, newProcess())())()
	return server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
}
