package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ provider.ProviderWithFunctions = (*flyProvider)(nil)

// Functions lists the provider's functions. An engine calls them on an
// unconfigured provider, any number of times, and expects equal answers. So
// they depend only on their arguments.
func (p *flyProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		func() function.Function { return attenuateTokenFunction{} },
		func() function.Function { return authorizationHeaderFunction{} },
		func() function.Function { return parseTokenFunction{} },
	}
}

// The positions of the functions' arguments, for errors.
const (
	argToken int64 = iota
	argRestrictions
)

// aboutCalls ends the description of each function. Both engines treat the
// secrecy of every function like this.
const aboutCalls = "\n\nThe function runs offline and needs no login, nor a provider block. Its result is sensitive if an argument is sensitive, and ephemeral if an argument is ephemeral. " +
	"It needs Terraform 1.8 or OpenTofu 1.7, or a later version."

// tokenParameter describes the first argument of every function.
func tokenParameter() function.Parameter {
	return function.StringParameter{
		Name: "token",
		MarkdownDescription: "A token as Fly's tools print it: macaroons (`fm2_…`), an OAuth token (`fo1_…`), or several of these separated by commas, " +
			"with or without `FlyV1` or `Bearer` in front.",
	}
}

// readBundle reads and decodes the token argument. The error has positions and
// lengths, never a byte of the token.
func readBundle(text string) (macaroon.Bundle, *function.FuncError) {
	tok, err := token.Parse(text)
	if err != nil {
		return macaroon.Bundle{}, tokenError(err)
	}
	bundle, err := macaroon.ParseBundle(tok.Reveal())
	if err != nil {
		return macaroon.Bundle{}, tokenError(err)
	}
	return bundle, nil
}

func tokenError(err error) *function.FuncError {
	return function.NewArgumentFuncError(argToken, fmt.Sprintf(
		"%s. Pass the whole token as Fly printed it, with or without FlyV1 or Bearer in front", err))
}
