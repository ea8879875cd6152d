package flyapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/scrub"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	tokenFields = `id name profile createdAt expiresAt revokedAt user { email }`
	revokeToken = `mutation($input: DeleteLimitedAccessTokenInput!) { deleteLimitedAccessToken(input: $input) { token } }`
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
	// User is the email address of the user who minted it.
	User string
	// CreatedAt is the time of the mint.
	CreatedAt time.Time
	// ExpiresAt is its expiry.
	ExpiresAt time.Time
	// RevokedAt is the time of its revocation, or zero. Revoked tokens stay in
	// the list.
	RevokedAt time.Time
	// macaroon identifies the token's macaroon; "" if the list was read without it.
	macaroon string
}

// TokenPage is one page of a list of tokens.
type TokenPage struct {
	// Tokens are the visible tokens of the page.
	Tokens []Listed
	// Total counts the tokens of all pages, as Fly reports it.
	Total int
	// hidden counts the tokens on the page that Fly hides.
	hidden int
}

// instant reads a GraphQL time (ISO 8601). It returns zero for an invalid one.
func instant(text string) time.Time {
	at, _ := time.Parse(time.RFC3339, text)
	return at
}

// TokenList is one of Fly's lists of tokens, revoked ones included.
type TokenList struct {
	// what and name name its owner, and field is the owner's in the text.
	what, name, field string
	// notFound is the kind if the owner cannot be seen, and flaw the error of an
	// invalid name.
	notFound Kind
	flaw     error
}

// AppTokens is the list of an app. The last error's kind is [ErrNoSuchApp] if the
// login cannot see the app.
func AppTokens(app string) TokenList {
	return TokenList{what: "app", name: app, field: "app(name: $of)", notFound: ErrNoSuchApp, flaw: token.ValidateApp(app)}
}

// OrganizationTokens is the list of an organization. The last error's kind is
// [ErrNoSuchOrganization] if the login cannot see it.
func OrganizationTokens(slug string) TokenList {
	return TokenList{
		what: "organization", name: slug, field: "organization(slug: $of)",
		notFound: ErrNoSuchOrganization, flaw: token.ValidateOrganization(slug),
	}
}

// TokenPages returns the pages of a list.
func (c *Client) TokenPages(ctx context.Context, tok token.Token, list TokenList) iter.Seq2[TokenPage, error] {
	return c.tokenPages(ctx, tok, list, tokenFields)
}

// ListTokens returns all tokens of a list, and counts those that Fly hides.
func (c *Client) ListTokens(ctx context.Context, tok token.Token, list TokenList) (all []Listed, hidden int, err error) {
	return Collect(c.TokenPages(ctx, tok, list), func(TokenPage) {})
}

// Collect reads a list to its last page, and calls each with every page. It
// counts the tokens that Fly hides.
func Collect(pages iter.Seq2[TokenPage, error], each func(TokenPage)) (all []Listed, hidden int, err error) {
	total := 0
	for page, err := range pages {
		if err != nil {
			return nil, 0, err
		}
		all = append(all, page.Tokens...)
		total = max(total, page.Total)
		hidden += page.hidden
		each(page)
	}
	return all, max(hidden, total-len(all)), nil
}

// tokenNode is a token in a GraphQL answer.
type tokenNode struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Profile   string `json:"profile"`
	CreatedAt string `json:"createdAt"`
	ExpiresAt string `json:"expiresAt"`
	RevokedAt string `json:"revokedAt"`
	User      struct {
		Email string `json:"email"`
	} `json:"user"`
	Token string `json:"token"`
}

func (n tokenNode) listed() Listed {
	return Listed{
		ID: n.ID, Name: n.Name, Profile: n.Profile, User: n.User.Email,
		CreatedAt: instant(n.CreatedAt), ExpiresAt: instant(n.ExpiresAt), RevokedAt: instant(n.RevokedAt),
		macaroon: macaroonID(n.Token),
	}
}

// tokenPages returns the pages of a list with those fields of each token. A node is
// null if the login may not see it.
func (c *Client) tokenPages(ctx context.Context, tok token.Token, list TokenList, fields string) iter.Seq2[TokenPage, error] {
	d := document{
		op: fmt.Sprintf("list the tokens of %s %q", list.what, list.name), operation: "list_tokens",
		text: `query($of: String!, $first: Int, $after: String) { owner: ` + list.field + ` { limitedAccessTokens(first: $first, after: $after) {
    totalCount nodes { ` + fields + ` } pageInfo { hasNextPage endCursor } } } }`,
		variables: map[string]any{"of": list.name}, flaw: list.flaw, notFound: list.notFound, repeat: whenFailed,
	}
	type owner struct {
		Tokens connection[*tokenNode] `json:"limitedAccessTokens"`
	}
	return func(yield func(TokenPage, error) bool) {
		for nodes, err := range pages(ctx, c, tok, d, func(o owner) connection[*tokenNode] { return o.Tokens }) {
			page := TokenPage{Total: nodes.TotalCount}
			for _, n := range nodes.Nodes {
				if n == nil {
					page.hidden++
					continue
				}
				page.Tokens = append(page.Tokens, n.listed())
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// Revoke revokes a token by its identifier from [Client.Mint] or a list. The
// error's kind is [ErrNoSuchToken] if Fly has no such token. Revoking twice is
// harmless, so the call is repeated after a broken connection and after 500,
// 502, 503 and 504.
func (c *Client) Revoke(ctx context.Context, login token.Token, id string) error {
	d := document{
		op: fmt.Sprintf("revoke token %q", scrub.Text(id, "")), operation: "revoke_token", text: revokeToken,
		variables: map[string]any{"input": map[string]any{"id": id}},
		notFound:  ErrNoSuchToken, repeat: whenFailed,
	}
	if id == "" {
		d.flaw = errors.New("it has no identifier, because it was not minted over Fly's API")
	}
	var data struct {
		Delete *struct{} `json:"deleteLimitedAccessToken"`
	}
	if _, err := c.run(ctx, login, d, &data); err != nil {
		return err
	}
	if data.Delete == nil {
		return incomplete(d)
	}
	return nil
}
