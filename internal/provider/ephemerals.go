package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
)

var _ provider.ProviderWithEphemeralResources = (*flyProvider)(nil)

// EphemeralResources lists the ephemeral resources.
func (p *flyProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return append(newKindTokenEphemerals(), newAppTokenEphemeral, newDeployTokenEphemeral)
}
