package flyapi

import (
	"context"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// App is what Fly calls an app.
type App struct {
	// Name is the app's name.
	Name string
	// ID is the node identifier, which minting a deploy token takes; "" where
	// the Machines API was asked.
	ID string
	// NumericID is what the caveats of a macaroon name the app by; never 0.
	NumericID uint64
	// Organization is the one the app belongs to.
	Organization Organization
}

// Organization is what Fly calls an organization.
type Organization struct {
	// ID is the node identifier, which minting takes; "" where the Machines API
	// was asked.
	ID string
	// NumericID is what the caveats of a macaroon name the organization by; 0
	// where it is not known.
	NumericID uint64
	// Slug is the organization's name in URLs and commands. It is "personal"
	// for the personal organization of whoever asks.
	Slug string
	// RawSlug is the slug that is the same for everybody; "" where the Machines
	// API was asked.
	RawSlug string
}

// Is reports whether slug names o.
func (o Organization) Is(slug string) bool { return slug == o.Slug || slug == o.RawSlug }

const (
	organizationFields = `id slug rawSlug internalNumericId`
	lookupApp          = `query($name: String!) { app(name: $name) { id internalNumericId name organization { ` + organizationFields + ` } } }`
	lookupOrganization = `query($slug: String!) { organization(slug: $slug) { ` + organizationFields + ` } }`
)

// organizationNode is an organization in an answer of GraphQL's.
type organizationNode struct {
	ID        string  `json:"id"`
	Slug      string  `json:"slug"`
	RawSlug   string  `json:"rawSlug"`
	NumericID numeric `json:"internalNumericId"`
}

func (n organizationNode) organization() Organization {
	return Organization{ID: n.ID, Slug: n.Slug, RawSlug: n.RawSlug, NumericID: uint64(n.NumericID)}
}

// LookupApp looks an app up over GraphQL. The error's kind is [ErrNoSuchApp]
// where there is none that tok can see.
func (c *Client) LookupApp(ctx context.Context, tok token.Token, app string) (App, error) {
	d := document{
		op: fmt.Sprintf("look up app %q", app), operation: "look_up_app", text: lookupApp, variables: map[string]any{"name": app},
		notFound: ErrNoSuchApp, repeat: whenLost,
	}
	if err := token.ValidateApp(app); err != nil {
		return App{}, invalid(d.op, err)
	}
	var data struct {
		App *struct {
			ID           string           `json:"id"`
			Name         string           `json:"name"`
			NumericID    numeric          `json:"internalNumericId"`
			Organization organizationNode `json:"organization"`
		} `json:"app"`
	}
	if err := c.run(ctx, tok, d, &data); err != nil {
		return App{}, err
	}
	if data.App == nil {
		return App{}, missing(d)
	}
	if data.App.Name != app || data.App.ID == "" || data.App.NumericID == 0 || data.App.Organization.ID == "" {
		return App{}, incomplete(d)
	}
	return App{
		Name:         data.App.Name,
		ID:           data.App.ID,
		NumericID:    uint64(data.App.NumericID),
		Organization: data.App.Organization.organization(),
	}, nil
}

// LookupOrganization looks an organization up over GraphQL. The slug "personal"
// stands for the personal organization of tok's user. The error's kind is
// [ErrNoSuchOrganization] where there is none that tok can see.
func (c *Client) LookupOrganization(ctx context.Context, tok token.Token, slug string) (Organization, error) {
	d := document{
		op: fmt.Sprintf("look up organization %q", slug), operation: "look_up_organization", text: lookupOrganization, variables: map[string]any{"slug": slug},
		notFound: ErrNoSuchOrganization, repeat: whenLost,
	}
	if err := token.ValidateOrganization(slug); err != nil {
		return Organization{}, invalid(d.op, err)
	}
	var data struct {
		Organization *organizationNode `json:"organization"`
	}
	if err := c.run(ctx, tok, d, &data); err != nil {
		return Organization{}, err
	}
	if data.Organization == nil {
		return Organization{}, missing(d)
	}
	if data.Organization.ID == "" || data.Organization.NumericID == 0 {
		return Organization{}, incomplete(d)
	}
	return data.Organization.organization(), nil
}

// missing is the error for a null in the place of what was asked for.
func missing(d document) *Error {
	return &Error{Op: d.op, Kind: d.notFound, Status: 200, Reason: reasonFor(d.notFound, 200, ""), Fix: fixFor(d.notFound)}
}

// incomplete is the error for an answer that lacks what Fly's always have.
func incomplete(d document) *Error {
	return &Error{
		Op: d.op, Kind: ErrUnavailable, Status: 200, Fix: fixFor(ErrUnavailable),
		Reason: "the answer lacks what Fly's API always gives",
	}
}
