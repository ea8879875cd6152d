package provider

import (
	"context"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// kindOAuth is the kind of a part that is not a macaroon.
const kindOAuth = "oauth"

// parseTokenFunction is provider::fly::parse_token.
type parseTokenFunction struct{}

// parsedPart is one element of the function's result.
type parsedPart struct {
	Kind           types.String `tfsdk:"kind"`
	Location       types.String `tfsdk:"location"`
	ID             types.String `tfsdk:"id"`
	ExpiresAt      types.String `tfsdk:"expires_at"`
	NotBefore      types.String `tfsdk:"not_before"`
	OrganizationID types.Number `tfsdk:"organization_id"`
	Apps           types.Map    `tfsdk:"apps"`
	Caveats        types.String `tfsdk:"caveats"`
}

// parsedPartType is the type of [parsedPart] in the language.
func parsedPartType() types.ObjectType {
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"kind":            types.StringType,
		"location":        types.StringType,
		"id":              types.StringType,
		"expires_at":      types.StringType,
		"not_before":      types.StringType,
		"organization_id": types.NumberType,
		"apps":            types.MapType{ElemType: types.StringType},
		"caveats":         types.StringType,
	}}
}

// Metadata names the function.
func (parseTokenFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_token"
}

// parseTokenDescription documents the result, which has no schema.
const parseTokenDescription = "Returns a list with an object for each part of the token, in order. Most tokens have two or more parts: a macaroon that grants permissions, " +
	"and the discharge that proves the user's identity. Each object has these attributes:\n\n" +
	"- `kind` (string): `permission`, `authentication` (a discharge), `secrets`, or `other`, by the macaroon's location; `oauth` for an OAuth token (`fo1_…`). " +
	"An OAuth token is opaque and gives access to the whole account of its user. All other attributes are then null.\n" +
	"- `location` (string): URL of the service that the macaroon is for.\n" +
	"- `id` (string): the macaroon's UUID. Tokens narrowed from one macaroon have the same. It is not a secret.\n" +
	"- `expires_at` (string): last instant at which the macaroon is valid, as an RFC 3339 timestamp. Null if it does not expire. " +
	"A permission macaroon is useless after one of its discharges has expired.\n" +
	"- `not_before` (string): first instant at which the macaroon is valid, or null.\n" +
	"- `organization_id` (number): the organization that the macaroon is confined to, or null.\n" +
	"- `apps` (map of string): the apps that the macaroon is confined to, by number, and the allowed actions on each app itself: " +
	"letters of `rwcdC` for read, write, create, delete and control. Null if it is not confined to certain apps.\n" +
	"- `caveats` (string): every restriction, in the JSON of `fly tokens debug`, without the fields `VerifierKey` and `Ticket`. Read it with `jsondecode`. " +
	"A caveat of an unknown type has its number as the type, and its body in base64.\n\n" +
	"The result holds the claims of the token itself. Only Fly can check whether it is genuine, and whether it was revoked."

// Definition describes the function.
func (parseTokenFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "Show the permissions and the expiry of a token",
		MarkdownDescription: parseTokenDescription + aboutCalls,
		Parameters:          []function.Parameter{tokenParameter()},
		Return:              function.ListReturn{ElementType: parsedPartType()},
	}
}

// Run decodes the token.
func (parseTokenFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	bundle, failure := readBundle(text)
	if failure != nil {
		resp.Error = failure
		return
	}
	parts, err := parseParts(bundle)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(argToken, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, parts)
}

// parseParts describes each part of a bundle. OAuth tokens are parts too, so
// that a check that every part is confined cannot overlook them.
func parseParts(bundle macaroon.Bundle) ([]parsedPart, error) {
	macaroons := bundle.Macaroons()
	var parts []parsedPart
	for text := range strings.SplitSeq(bundle.Reveal(), ",") {
		if strings.HasPrefix(text, "fo1_") {
			parts = append(parts, parsedPart{Kind: types.StringValue(kindOAuth), Apps: types.MapNull(types.StringType)})
			continue
		}
		p, err := parsePart(macaroons[0])
		if err != nil {
			return nil, fmt.Errorf("part %d cannot be described: %w", len(parts)+1, err)
		}
		parts, macaroons = append(parts, p), macaroons[1:]
	}
	return parts, nil
}

func parsePart(m *macaroon.Macaroon) (parsedPart, error) {
	caveats, err := macaroon.CaveatsJSON(m.Caveats())
	if err != nil {
		return parsedPart{}, err
	}
	p := parsedPart{
		Kind:           types.StringValue(string(m.Kind())),
		Location:       types.StringValue(m.Location()),
		ID:             types.StringValue(m.ID()),
		ExpiresAt:      timestamp(m.NotAfter()),
		NotBefore:      timestamp(m.NotBefore()),
		OrganizationID: types.NumberNull(),
		Apps:           appsValue(m),
		Caveats:        types.StringValue(string(caveats)),
	}
	if id, ok := m.OrganizationID(); ok {
		// A 64-bit float would round numbers above 2^53.
		p.OrganizationID = types.NumberValue(new(big.Float).SetUint64(id))
	}
	return p, nil
}

// appsValue returns the apps that m is confined to, or null. The numbers are
// keys, and therefore texts, as in flyctl's JSON.
func appsValue(m *macaroon.Macaroon) types.Map {
	apps, confined := m.Apps()
	if !confined {
		return types.MapNull(types.StringType)
	}
	elements := make(map[string]attr.Value, len(apps))
	for _, app := range apps {
		elements[strconv.FormatUint(app.ID, 10)] = types.StringValue(app.Access.String())
	}
	return types.MapValueMust(types.StringType, elements)
}
