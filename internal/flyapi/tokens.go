package flyapi

import (
	"context"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// pageSize is the number of tokens on one page of a list.
	pageSize = 100
	// maxPages bounds a list. No organization has nearly so many tokens.
	maxPages = 1000
)

const (
	tokenPage = `limitedAccessTokens(first: $first, after: $after) {
    nodes { id name profile createdAt expiresAt revokedAt } pageInfo { hasNextPage endCursor } }`
	listOfApp          = `query($of: String!, $first: Int, $after: String) { owner: app(name: $of) { ` + tokenPage + ` } }`
	listOfOrganization = `query($of: String!, $first: Int, $after: String) { owner: organization(slug: $of) { ` + tokenPage + ` } }`
	revokeToken        = `mutation($input: DeleteLimitedAccessTokenInput!) { deleteLimitedAccessToken(input: $input) { token } }`
)

// Listed is a token in one of Fly's lists, which do not contain its value.
type Listed struct {
	// ID is its identifier, for [Client.Revoke].
	ID string
	// Name is the name that it was minted with.
	Name string
	// Profile is the profile that it was minted with: "deploy",
	// "deploy_organization".
	Profile string
	// CreatedAt is the time of the mint.
	CreatedAt time.Time
	// ExpiresAt is its expiry.
	ExpiresAt time.Time
	// RevokedAt is the time of its revocation, or zero. Revoked tokens stay in
	// the list.
	RevokedAt time.Time
}

// ListAppTokens lists the tokens of one app, revoked ones included. The error's
// kind is [ErrNoSuchApp] if tok cannot see the app.
func (c *Client) ListAppTokens(ctx context.Context, tok token.Token, app string) ([]Listed, error) {
	d := document{op: fmt.Sprintf("list the tokens of app %q", app), operation: "list_tokens", text: listOfApp, notFound: ErrNoSuchApp, repeat: whenFailed}
	if err := token.ValidateApp(app); err != nil {
		return nil, invalid(d.op, err)
	}
	return c.list(ctx, tok, d, app)
}

// ListOrganizationTokens lists the tokens of an organization, revoked ones
// included. The error's kind is [ErrNoSuchOrganization] if tok cannot see it.
func (c *Client) ListOrganizationTokens(ctx context.Context, tok token.Token, slug string) ([]Listed, error) {
	d := document{
		op: fmt.Sprintf("list the tokens of organization %q", slug), operation: "list_tokens", text: listOfOrganization,
		notFound: ErrNoSuchOrganization, repeat: whenFailed,
	}
	if err := token.ValidateOrganization(slug); err != nil {
		return nil, invalid(d.op, err)
	}
	return c.list(ctx, tok, d, slug)
}

// tokenList is one page.
type tokenList struct {
	Owner *struct {
		Tokens struct {
			Nodes []struct {
				ID        string `json:"id"`
				Name      string `json:"name"`
				Profile   string `json:"profile"`
				CreatedAt string `json:"createdAt"`
				ExpiresAt string `json:"expiresAt"`
				RevokedAt string `json:"revokedAt"`
			} `json:"nodes"`
			PageInfo struct {
				HasNextPage bool   `json:"hasNextPage"`
				EndCursor   string `json:"endCursor"`
			} `json:"pageInfo"`
		} `json:"limitedAccessTokens"`
	} `json:"owner"`
}

// list follows the pages to the last. It stops if the server sends the same
// cursor twice, which would never end.
func (c *Client) list(ctx context.Context, tok token.Token, d document, of string) ([]Listed, error) {
	var all []Listed
	var after any
	for range maxPages {
		d.variables = map[string]any{"of": of, "first": pageSize, "after": after}
		var page tokenList
		if err := c.run(ctx, tok, d, &page); err != nil {
			return nil, err
		}
		if page.Owner == nil {
			return nil, missing(d)
		}
		for _, n := range page.Owner.Tokens.Nodes {
			all = append(all, Listed{
				ID: n.ID, Name: n.Name, Profile: n.Profile,
				CreatedAt: instant(n.CreatedAt), ExpiresAt: instant(n.ExpiresAt), RevokedAt: instant(n.RevokedAt),
			})
		}
		info := page.Owner.Tokens.PageInfo
		if !info.HasNextPage {
			return all, nil
		}
		if info.EndCursor == "" || after == info.EndCursor {
			return nil, incomplete(d)
		}
		after = info.EndCursor
	}
	return nil, incomplete(d)
}

// Revoke revokes a token by its identifier from [Client.Mint] or a list. The
// error's kind is [ErrNoSuchToken] if Fly has no such token. Revoking twice is
// harmless, so the call is repeated after a broken connection and after 500,
// 502, 503 and 504.
func (c *Client) Revoke(ctx context.Context, login token.Token, id string) error {
	d := document{
		op: fmt.Sprintf("revoke token %q", token.Scrub(id, token.Token{})), operation: "revoke_token", text: revokeToken,
		variables: map[string]any{"input": map[string]any{"id": id}},
		notFound:  ErrNoSuchToken, repeat: whenFailed,
	}
	if id == "" {
		return &Error{Op: d.op, Kind: ErrInvalid, Reason: "it has no identifier, because it was not minted over Fly's API"}
	}
	var data struct {
		Delete *struct{} `json:"deleteLimitedAccessToken"`
	}
	if err := c.run(ctx, login, d, &data); err != nil {
		return err
	}
	if data.Delete == nil {
		return incomplete(d)
	}
	return nil
}
