package flyapi

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/scrub"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const rootFields = tokenFields + ` token`

const (
	lookupToken       = `query($id: ID!) { node(id: $id) { ... on LimitedAccessToken { ` + tokenFields + ` } } }`
	listOrganizations = `query($first: Int, $after: String) { owner: organizations(first: $first, after: $after) {
    nodes { ` + organizationFields + ` } pageInfo { hasNextPage endCursor } } }`
	listApps = `query($of: String!, $first: Int, $after: String) { owner: organization(slug: $of) {
    apps(first: $first, after: $after) { nodes { name internalNumericId } pageInfo { hasNextPage endCursor } } } }`
)

// LookupToken looks a token up by its identifier. The error's kind is
// [ErrNoSuchToken] if tok cannot see such a token.
func (c *Client) LookupToken(ctx context.Context, tok token.Token, id string) (Listed, error) {
	d := document{
		op: fmt.Sprintf("look up token %q", scrub.Text(id, "")), operation: "look_up_token", text: lookupToken,
		variables: map[string]any{"id": id}, notFound: ErrNoSuchToken, repeat: whenFailed,
	}
	var data struct {
		Node *tokenNode `json:"node"`
	}
	if _, err := c.run(ctx, tok, d, &data); err != nil {
		return Listed{}, err
	}
	if data.Node == nil || data.Node.ID == "" {
		return Listed{}, missing(d)
	}
	return data.Node.listed(), nil
}

// Found is a token of Fly's lists.
type Found struct {
	Listed
	// Apps are the names of the apps that the token is confined to.
	Apps []string
}

// FindToken finds the tokens that a bundle of macaroons was made from, in the lists
// of the apps and the organization that the macaroons name. The error's kind is
// [ErrNoSuchToken] if one is not listed.
func (c *Client) FindToken(ctx context.Context, login token.Token, bundle macaroon.Bundle) ([]Found, error) {
	var all []Found
	for _, g := range bundle.Grants() {
		if slices.ContainsFunc(all, func(f Found) bool { return f.macaroon == g.Permission.ID() }) {
			continue
		}
		found, err := c.find(ctx, login, g.Permission)
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

func (c *Client) find(ctx context.Context, login token.Token, m *macaroon.Macaroon) (Found, error) {
	const op = "find the token"
	number, ok := m.OrganizationID()
	if !ok {
		return Found{}, failure(op, ErrInvalid, "its macaroon names no organization")
	}
	slug, err := c.organizationOf(ctx, login, number)
	if err != nil {
		return Found{}, err
	}
	apps, err := c.appsOf(ctx, login, slug, m)
	if err != nil {
		return Found{}, err
	}
	var lists []TokenList
	for _, app := range apps {
		lists = append(lists, AppTokens(app))
	}
	for _, list := range append(lists, OrganizationTokens(slug)) {
		for page, err := range c.tokenPages(ctx, login, list, rootFields) {
			if err != nil {
				return Found{}, err
			}
			if at := slices.IndexFunc(page.Tokens, func(l Listed) bool { return l.macaroon == m.ID() }); at >= 0 {
				return Found{Listed: page.Tokens[at], Apps: apps}, nil
			}
		}
	}
	return Found{}, &Error{
		op: op, kind: ErrNoSuchToken, Reason: fmt.Sprintf("Fly does not list it for organization %q to this login", slug),
		Fix: "find it with `fly tokens list`, and revoke it by its `id`",
	}
}

// macaroonID identifies the macaroon of a listed token. Fly gives either the
// identifier or the macaroon itself.
func macaroonID(root string) string {
	bundle, err := macaroon.ParseBundle(root)
	if err != nil || len(bundle.Grants()) == 0 {
		return root
	}
	return bundle.Grants()[0].Permission.ID()
}

func (c *Client) organizationOf(ctx context.Context, login token.Token, number uint64) (string, error) {
	d := document{op: "list the organizations of the login", operation: "list_organizations", text: listOrganizations, repeat: whenFailed}
	for page, err := range pages(ctx, c, login, d, func(all connection[Organization]) connection[Organization] { return all }) {
		if err != nil {
			return "", err
		}
		for _, o := range page.Nodes {
			if o.NumericID == numeric(number) {
				return o.RawSlug, nil
			}
		}
	}
	return "", &Error{
		op: "find the token's organization", kind: ErrNoSuchOrganization, Reason: fmt.Sprintf("Fly shows no organization with the number %d to this login", number),
		Fix: "use the login of a member of the organization",
	}
}

// appsOf returns the names of the apps that a macaroon is confined to, as far as
// they exist.
func (c *Client) appsOf(ctx context.Context, login token.Token, slug string, m *macaroon.Macaroon) ([]string, error) {
	confined, _ := m.Apps()
	if len(confined) == 0 {
		return nil, nil
	}
	var names []string
	for app, err := range c.OrganizationApps(ctx, login, slug) {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(confined, func(a macaroon.AppAccess) bool { return a.ID == uint64(app.NumericID) }) {
			names = append(names, app.Name)
		}
		if len(names) == len(confined) {
			break
		}
	}
	return names, nil
}

// OrganizationApps returns the apps of an organization that login sees, with their
// names and numbers alone. The last error's kind is [ErrNoSuchOrganization] if login
// cannot see the organization.
func (c *Client) OrganizationApps(ctx context.Context, login token.Token, slug string) iter.Seq2[App, error] {
	d := document{
		op: fmt.Sprintf("list the apps of organization %q", slug), operation: "list_apps", text: listApps,
		variables: map[string]any{"of": slug}, notFound: ErrNoSuchOrganization, repeat: whenFailed,
	}
	type owner struct {
		Apps connection[App] `json:"apps"`
	}
	return func(yield func(App, error) bool) {
		for page, err := range pages(ctx, c, login, d, func(o owner) connection[App] { return o.Apps }) {
			if err != nil {
				yield(App{}, err)
				return
			}
			for _, app := range page.Nodes {
				if !yield(app, nil) {
					return
				}
			}
		}
	}
}
