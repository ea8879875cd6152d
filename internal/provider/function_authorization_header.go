package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// authorizationHeaderFunction is provider::fly::authorization_header.
type authorizationHeaderFunction struct{}

// Metadata names the function.
func (authorizationHeaderFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "authorization_header"
}

// Definition describes the function.
func (authorizationHeaderFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Write a token as the value of an HTTP Authorization header",
		MarkdownDescription: "Returns the token as the value of an HTTP `Authorization` header: `FlyV1 …` if it contains a macaroon, `Bearer …` if it is only an OAuth token.  " +
			"An existing scheme, and white space around or inside the token, are removed first. Every spelling of a token gives the same header, " +
			"which equals the attribute `authorization_header` of `fly_app_token`." + aboutCalls,
		Parameters: []function.Parameter{tokenParameter()},
		Return:     function.StringReturn{},
	}
}

// Run writes the header.
func (authorizationHeaderFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	tok, err := token.Parse(text)
	if err != nil {
		resp.Error = tokenError(err)
		return
	}
	resp.Error = resp.Result.Set(ctx, tok.AuthorizationHeader())
}
