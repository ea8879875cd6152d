package flyapi

import (
	"context"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The profiles of a minted token, as flyctl names them.
const (
	// profileDeploy opens one app, and what deploying it needs.
	profileDeploy = "deploy"
	// profileOrganization opens an organization. It is what `fly tokens create
	// readonly` mints before it narrows it.
	profileOrganization = "deploy_organization"
)

// mintToken asks for id and expiresAt, which flyctl does not: without the
// identifier a token cannot be revoked later.
const mintToken = `mutation CreateLimitedAccessToken($name: String!, $organizationId: ID!, $profile: String!, $profileParams: JSON, $expiry: String!) {
  createLimitedAccessToken(input: {name: $name, organizationId: $organizationId, profile: $profile, profileParams: $profileParams, expiry: $expiry}) {
    limitedAccessToken { id expiresAt tokenHeader } } }`

// MintRequest is a token to be made.
type MintRequest struct {
	// Name is what `fly tokens list` will show it by.
	Name string
	// OrganizationID is the node identifier of its organization.
	OrganizationID string
	// AppID is the node identifier of the one app that it opens; "" for a token
	// that opens the whole organization.
	AppID string
	// TTL is how long it is good for; at least a second.
	TTL time.Duration
}

// Minted is a token that Fly made.
type Minted struct {
	// Token is the token, with the discharges that Fly gave with it.
	Token token.Token
	// ID is what [Client.Revoke] takes.
	ID string
	// ExpiresAt is when Fly says that it ends; zero where it did not say.
	ExpiresAt time.Time
}

// Mint makes a token over GraphQL (createLimitedAccessToken), which needs a
// user's session: "scoped tokens cannot mint other tokens".
//
// A mint is not idempotent, so it is repeated by the rules that fly-go has for
// the same mutation: after a 429, 502 or 503, with which the edge says that the
// API did not do it, and never after a connection that broke or an answer that
// did not come, when it may have. Should a 502 hide a mint that was done after
// all, what is left is a token that nobody received, which is listed under its
// name and ends with its TTL.
func (c *Client) Mint(ctx context.Context, login token.Token, m MintRequest) (Minted, error) {
	profile, params, notFound := profileOrganization, map[string]any{}, ErrNoSuchOrganization
	if m.AppID != "" {
		profile, params, notFound = profileDeploy, map[string]any{"app_id": m.AppID}, ErrNoSuchApp
	}
	d := document{
		op: fmt.Sprintf("mint the token %q", m.Name), operation: "mint_token",
		name: "CreateLimitedAccessToken", text: mintToken,
		variables: map[string]any{
			"name": m.Name, "organizationId": m.OrganizationID,
			"profile": profile, "profileParams": params, "expiry": m.TTL.String(),
		},
		notFound: notFound, repeat: whenAnswered,
	}
	// An expiry of "0s" or less would be the server's default: 20 years.
	if m.TTL < time.Second {
		return Minted{}, &Error{Op: d.op, Kind: ErrInvalid, Reason: fmt.Sprintf("a token cannot be minted for %s", m.TTL)}
	}
	var data struct {
		Create struct {
			Token struct {
				ID          string `json:"id"`
				ExpiresAt   string `json:"expiresAt"`
				TokenHeader string `json:"tokenHeader"`
			} `json:"limitedAccessToken"`
		} `json:"createLimitedAccessToken"`
	}
	if err := c.run(ctx, login, d, &data); err != nil {
		return Minted{}, err
	}
	tok, err := token.Parse(data.Create.Token.TokenHeader)
	if err != nil {
		return Minted{}, &Error{
			Op: d.op, Kind: ErrUnavailable, Status: 200, Cause: err, Fix: fixFor(ErrUnavailable),
			Reason: "what came back is " + err.Error(),
		}
	}
	return Minted{Token: tok, ID: data.Create.Token.ID, ExpiresAt: instant(data.Create.Token.ExpiresAt)}, nil
}

// instant reads a time of GraphQL's (ISO 8601); zero where there is none.
func instant(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
