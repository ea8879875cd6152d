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
	// Repeated says that Fly was asked more than once, and may have made other
	// tokens of the same name.
	Repeated bool
}

// UnsettledError says that Fly may have made a token that was not received.
type UnsettledError struct {
	// ID is Fly's identifier of the token; "" where it is not known.
	ID string
	// Repeated says that Fly was asked more than once, and may have made several.
	Repeated bool
	// Err is what went wrong.
	Err error
}

// Error is the cause's.
func (e *UnsettledError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UnsettledError) Unwrap() error { return e.Err }

// Mint makes a token over GraphQL (createLimitedAccessToken), which needs a
// user's session: "scoped tokens cannot mint other tokens".
//
// A mint is not idempotent, so it is repeated by the rules that fly-go has for
// the same mutation: after a 429, 502 or 503, and never after a connection that
// broke or an answer that did not come. A 502 or 503 may hide a mint that was
// carried out: Minted.Repeated says that other tokens of that name may exist.
//
// An error that wraps an [*UnsettledError] says that Fly may have made the token.
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
	repeated, err := c.runCounted(ctx, login, d, &data)
	made := data.Create.Token
	switch {
	case err == nil:
	case refusedByFly(err) && made.ID == "" && made.TokenHeader == "":
		return Minted{}, err
	default:
		return Minted{}, &UnsettledError{ID: made.ID, Repeated: repeated, Err: err}
	}
	tok, err := token.Parse(made.TokenHeader)
	if err != nil {
		return Minted{}, &UnsettledError{ID: made.ID, Repeated: repeated, Err: &Error{
			Op: d.op, Kind: ErrUnavailable, Status: 200, Cause: err, Fix: fixFor(ErrUnavailable),
			Reason: "the token in the answer is invalid: " + err.Error(),
		}}
	}
	if made.ID == "" {
		return Minted{}, &UnsettledError{Repeated: repeated, Err: &Error{
			Op: d.op, Kind: ErrUnavailable, Status: 200, Fix: fixFor(ErrUnavailable),
			Reason: "the answer has no identifier, so the token could not be revoked",
		}}
	}
	return Minted{Token: tok, ID: made.ID, ExpiresAt: instant(made.ExpiresAt), Repeated: repeated}, nil
}

// instant reads a time of GraphQL's (ISO 8601); zero where there is none.
func instant(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
