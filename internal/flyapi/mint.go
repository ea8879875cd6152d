package flyapi

import (
	"context"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The profiles of a minted token, as flyctl names them.
const (
	// profileDeploy gives access to one app and to the features that deploying
	// needs.
	profileDeploy = "deploy"
	// profileOrganization gives access to an organization. `fly tokens create
	// readonly` mints such a token and narrows it.
	profileOrganization = "deploy_organization"
)

// mintToken requests id, unlike flyctl: without the identifier a token cannot be
// revoked later.
const mintToken = `mutation CreateLimitedAccessToken($name: String!, $organizationId: ID!, $profile: String!, $profileParams: JSON, $expiry: String!) {
  createLimitedAccessToken(input: {name: $name, organizationId: $organizationId, profile: $profile, profileParams: $profileParams, expiry: $expiry}) {
    limitedAccessToken { id tokenHeader } } }`

// MintRequest describes a token to mint.
type MintRequest struct {
	// Name is its name in `fly tokens list`.
	Name string
	// OrganizationID is the node identifier of its organization.
	OrganizationID string
	// AppID is the node identifier of its only app; "" for a token of the whole
	// organization.
	AppID string
	// TTL is its lifetime; at least a second.
	TTL time.Duration
}

// Minted is a token that Fly made.
type Minted struct {
	// Token is the token with its discharges.
	Token token.Token
	// ID is its identifier, for [Client.Revoke].
	ID string
	// repeated says that Fly was asked more than once, and may have made other
	// tokens of the same name.
	repeated bool
}

// UncertainError means that Fly may have made a token that was not received.
type UncertainError struct {
	// ID is Fly's identifier of the token; "" if it is unknown.
	ID string
	// Repeated means that the call was sent more than once: several tokens may
	// exist.
	Repeated bool
	// Err is the cause.
	Err error
}

// Error returns the message of the cause.
func (e *UncertainError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UncertainError) Unwrap() error { return e.Err }

// Mint mints a token over GraphQL (createLimitedAccessToken). It needs a user's
// session: "scoped tokens cannot mint other tokens".
//
// A mint is not idempotent. As in fly-go, it is repeated only after a 429, 502
// or 503, never after a broken connection or a missing answer. Fly may have
// minted before it answered 502 or 503. Minted.Repeated then means that other
// tokens of that name may exist.
//
// An error that wraps an [*UncertainError] means that Fly may have made the
// token.
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
	// For an expiry of "0s" or less the server uses its default of 20 years.
	if m.TTL < time.Second {
		d.flaw = fmt.Errorf("a token cannot be minted for %s", m.TTL)
	}
	var data struct {
		Create struct {
			Token struct {
				ID          string `json:"id"`
				TokenHeader string `json:"tokenHeader"`
			} `json:"limitedAccessToken"`
		} `json:"createLimitedAccessToken"`
	}
	repeated, err := c.run(ctx, login, d, &data)
	made := data.Create.Token
	switch {
	case err == nil:
	case refusedByFly(err) && made.ID == "" && made.TokenHeader == "":
		return Minted{}, err
	default:
		return Minted{}, &UncertainError{ID: made.ID, Repeated: repeated, Err: err}
	}
	tok, err := token.Parse(made.TokenHeader)
	if err != nil {
		return Minted{}, &UncertainError{ID: made.ID, Repeated: repeated, Err: unusable(d, "the token in the answer is invalid: "+err.Error(), err)}
	}
	if made.ID == "" {
		return Minted{}, &UncertainError{Repeated: repeated, Err: unusable(d, "the answer has no identifier, so the token could not be revoked", nil)}
	}
	return Minted{Token: tok, ID: made.ID, repeated: repeated}, nil
}
