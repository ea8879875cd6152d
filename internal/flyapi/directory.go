package flyapi

import (
	"context"
	"errors"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Login returns the login that Fly's API is asked with. The error says why there
// is none, best as a [*token.MissError].
type Login func(context.Context) (token.Token, error)

// Directory knows which organization an app belongs to and what macaroons call
// both. It asks once for each app and each organization, whoever asks for them
// at the same time, and remembers the answers, failures included, for as long as
// it lives, which is one run. It is safe for concurrent use.
type Directory struct {
	client        *Client
	login         Login
	apps          memo[string, App]
	organizations memo[string, Organization]
	reached       memo[reach, App]
}

// reach is a question to the Machines API: what it answers depends on the token.
type reach struct{ app, fingerprint string }

// NewDirectory returns a directory that asks client with login.
func NewDirectory(client *Client, login Login) *Directory {
	return &Directory{client: client, login: login}
}

// App looks an app up with the login. The error is an [*Error], the login's own,
// or the context's.
func (d *Directory) App(ctx context.Context, app string) (App, error) {
	return d.apps.do(ctx, app, func(ctx context.Context) (App, error) {
		login, err := d.login(ctx)
		if err != nil {
			return App{}, err
		}
		return d.client.LookupApp(ctx, login, app)
	})
}

// Organization looks an organization up with the login. The error is as
// [Directory.App]'s.
func (d *Directory) Organization(ctx context.Context, slug string) (Organization, error) {
	return d.organizations.do(ctx, slug, func(ctx context.Context) (Organization, error) {
		login, err := d.login(ctx)
		if err != nil {
			return Organization{}, err
		}
		return d.client.LookupOrganization(ctx, login, slug)
	})
}

// OrganizationSlug returns the slug of the organization that app belongs to, as
// flyctl takes it in FLY_ORG.
func (d *Directory) OrganizationSlug(ctx context.Context, app string) (string, error) {
	found, err := d.App(ctx, app)
	return found.Organization.Slug, err
}

// Reach looks an app up with the login or, where that is missing or does not
// reach the app, with tok: a token for this app alone, or the only one there is,
// opens the Machines API. The login is asked first, since what it learns serves
// every link. The result has the numbers that macaroons know the app and its
// organization by; the error is what the login met, joined to what tok met.
func (d *Directory) Reach(ctx context.Context, app string, tok token.Token) (App, error) {
	found, err := d.App(ctx, app)
	if err == nil || tok.IsZero() || tok.IsOAuth() || ctx.Err() != nil {
		return found, err
	}
	reached, reachErr := d.reached.do(ctx, reach{app, tok.Fingerprint()}, func(ctx context.Context) (App, error) {
		return d.client.LookupAppWith(ctx, tok, app)
	})
	if reachErr != nil {
		return App{}, errors.Join(err, reachErr)
	}
	return reached, nil
}

// OrganizationNumber returns the number that macaroons know the request's
// organization by: that of the slug where one is given, else the app's own.
func (d *Directory) OrganizationNumber(ctx context.Context, req token.Request) (uint64, error) {
	if req.Organization != "" {
		found, err := d.Organization(ctx, req.Organization)
		return found.NumericID, err
	}
	found, err := d.App(ctx, req.App)
	return found.Organization.NumericID, err
}
