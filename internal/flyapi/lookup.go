package flyapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// App holds Fly's identifiers of an app.
type App struct {
	// Name is the app's name.
	Name string `json:"name"`
	// ID is the node identifier, for minting a deploy token. It is "" in
	// answers of the Machines API.
	ID string `json:"id"`
	// NumericID is the app's number in the caveats of macaroons; never 0.
	NumericID numeric `json:"internalNumericId"`
	// Organization is the app's organization.
	Organization Organization `json:"organization"`
}

// isComplete reports whether a has what GraphQL always sends.
func (a App) isComplete() bool {
	return a.Name != "" && a.ID != "" && a.NumericID != 0 && a.Organization.ID != ""
}

// Organization holds Fly's identifiers of an organization.
type Organization struct {
	// ID is the node identifier, for minting. It is "" in answers of the
	// Machines API.
	ID string `json:"id"`
	// NumericID is the organization's number in the caveats of macaroons; 0 if
	// it is unknown.
	NumericID numeric `json:"internalNumericId"`
	// Slug is the organization's name in URLs and commands. It is "personal"
	// for the personal organization of the token's user.
	Slug string `json:"slug"`
	// RawSlug is the slug that is the same for every user. It is "" in answers
	// of the Machines API.
	RawSlug string `json:"rawSlug"`
}

// Is reports whether slug names o.
func (o Organization) Is(slug string) bool { return slug == o.Slug || slug == o.RawSlug }

const (
	organizationFields = `id slug rawSlug internalNumericId`
	appFields          = `id internalNumericId name organization { ` + organizationFields + ` }`
	lookupApp          = `query($name: String!) { app(name: $name) { ` + appFields + ` } }`
	lookupOrganization = `query($slug: String!) { organization(slug: $slug) { ` + organizationFields + ` } }`
)

func lookupOp(app string) string { return fmt.Sprintf("look up app %q", app) }

// LookupApp looks an app up over GraphQL. The error's kind is [ErrNoSuchApp] if
// tok cannot see one.
func (c *Client) LookupApp(ctx context.Context, tok token.Token, app string) (App, error) {
	d := document{
		op: lookupOp(app), operation: "look_up_app", text: lookupApp, variables: map[string]any{"name": app},
		flaw: token.ValidateApp(app), notFound: ErrNoSuchApp, repeat: whenLost,
	}
	var data struct {
		App *App `json:"app"`
	}
	switch _, err := c.run(ctx, tok, d, &data); {
	case err != nil:
		return App{}, err
	case data.App == nil:
		return App{}, missing(d)
	case data.App.Name != app || !data.App.isComplete():
		return App{}, incomplete(d)
	default:
		return *data.App, nil
	}
}

// LookupOrganization looks an organization up over GraphQL. The slug "personal"
// means the personal organization of tok's user. The error's kind is
// [ErrNoSuchOrganization] if tok cannot see one.
func (c *Client) LookupOrganization(ctx context.Context, tok token.Token, slug string) (Organization, error) {
	d := document{
		op: fmt.Sprintf("look up organization %q", slug), operation: "look_up_organization", text: lookupOrganization,
		variables: map[string]any{"slug": slug},
		flaw:      token.ValidateOrganization(slug), notFound: ErrNoSuchOrganization, repeat: whenLost,
	}
	var data struct {
		Organization *Organization `json:"organization"`
	}
	switch _, err := c.run(ctx, tok, d, &data); {
	case err != nil:
		return Organization{}, err
	case data.Organization == nil:
		return Organization{}, missing(d)
	case data.Organization.ID == "" || data.Organization.NumericID == 0:
		return Organization{}, incomplete(d)
	default:
		return *data.Organization, nil
	}
}

// missing is the error for an answer of null.
func missing(d document) *Error {
	return answered(d.op, d.notFound, http.StatusOK, "")
}

func incomplete(d document) *Error {
	return unusable(d, "the answer lacks fields that Fly's API always sends", nil)
}

func unusable(d document, reason string, cause error) *Error {
	e := failure(d.op, ErrUnavailable, reason)
	e.cause = cause
	return e
}
