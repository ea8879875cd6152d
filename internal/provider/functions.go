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

// Functions lists the provider's functions. An engine calls them on a provider
// that nobody configured, as often as it likes, and expects one answer: they
// depend on their arguments alone.
func (p *flyProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newAttenuateTokenFunction,
		newAuthorizationHeaderFunction,
		newParseTokenFunction,
	}
}

// The positions of the functions' arguments, for errors.
const (
	argToken int64 = iota
	argRestrictions
)

// aboutCalls ends the description of each function. What it
// says of secrecy is how both engines treat any function.
const aboutCalls = "\n\nThe function runs offline and needs no login, nor a provider block. Its result is sensitive where an argument is, and ephemeral where an argument is. " +
	"It needs Terraform 1.8 or OpenTofu 1.7, or a later one."

// tokenParameter describes the argument that every function takes first.
func tokenParameter() function.Parameter {
	return function.StringParameter{
		Name: "token",
		MarkdownDescription: "A token as Fly's tools print it: macaroons (`fm2_…`), an OAuth token (`fo1_…`), or several of these separated by commas, " +
			"with or without `FlyV1` or `Bearer` in front.",
	}
}

// readBundle reads the token argument and decodes what is in it. The error names
// positions and lengths, never a byte of the token.
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
