package flyapi

import (
	"context"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/coalesce"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Login returns the login for calls of Fly's API. If there is none, the error
// gives the reason, preferably as a [*token.MissError].
type Login func(context.Context) (token.Token, error)

// Directory looks up the organization of an app, and the numbers of both in
// macaroons. It asks Fly once for each organization, and at most once for each
// app, also for concurrent callers: where Fly lists the login's apps, an app of the
// list needs no request. It remembers the answers, failures included, for its
// lifetime, which is one run. It is safe for concurrent use.
type Directory struct {
	client *Client
	login  Login
	// pages holds the pages of the login's apps by the cursor before them.
	pages         coalesce.Group[string, appPage]
	apps          coalesce.Group[string, App]
	organizations coalesce.Group[string, Organization]
	reached       coalesce.Group[reach, App]
}

// reach is the key of a call to the Machines API, whose answer depends on the
// token.
type reach struct{ app, fingerprint string }

// NewDirectory returns a directory that asks client with login.
func NewDirectory(client *Client, login Login) *Directory {
	return &Directory{
		client: client, login: login,
		pages:         coalesce.Group[string, appPage]{Remember: true},
		apps:          coalesce.Group[string, App]{Remember: true},
		organizations: coalesce.Group[string, Organization]{Remember: true},
		reached:       coalesce.Group[reach, App]{Remember: true},
	}
}

// App looks an app up with the login, in its list of apps if there is one. If Fly
// does not accept the login, only the first lookup of a run asks. The error is an
// [*Error], the login's own, or the context's.
func (d *Directory) App(ctx context.Context, app string) (App, error) {
	return d.apps.Do(ctx, app, func(ctx context.Context) (App, error) {
		login, err := d.login(ctx)
		if err != nil {
			return App{}, err
		}
		found, err := d.listed(ctx, login, app)
		if err == nil {
			d.know(ctx, found.Organization)
		}
		return found, err
	})
}

// know keeps an organization, so that no call is made for it.
func (d *Directory) know(ctx context.Context, organization Organization) {
	for _, slug := range []string{organization.Slug, organization.RawSlug} {
		_, _ = d.organizations.Do(ctx, slug, func(context.Context) (Organization, error) { return organization, nil })
	}
}

// Organization looks an organization up with the login. The error is as
// [Directory.App]'s.
func (d *Directory) Organization(ctx context.Context, slug string) (Organization, error) {
	return d.organizations.Do(ctx, slug, func(ctx context.Context) (Organization, error) {
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

// MintOrganization returns the slug of the organization to mint a token for req
// in. The error is a [*token.MissError] if req names a different one than the
// app's. One that req names is returned if the app cannot be looked up.
func (d *Directory) MintOrganization(ctx context.Context, req token.Request) (string, error) {
	app, err := d.App(ctx, req.App)
	switch {
	case err == nil && req.Organization == "":
		return app.Organization.Slug, nil
	case err == nil:
		return req.Organization, misplaced(req, app)
	case req.Organization != "" && ctx.Err() == nil:
		return req.Organization, nil
	default:
		return "", err
	}
}

// Reach looks an app up with the login. If the login is missing or cannot see
// the app, it uses tok with the Machines API, which accepts a token for this
// app alone. The login comes first because every source can use its answer. The
// result has the numbers of the app and its organization in macaroons. The
// error joins those of both attempts.
func (d *Directory) Reach(ctx context.Context, app string, tok token.Token) (App, error) {
	found, err := d.App(ctx, app)
	if err == nil || tok.IsZero() || tok.IsOAuth() || ctx.Err() != nil {
		return found, err
	}
	reached, reachErr := d.reached.Do(ctx, reach{app, tok.Fingerprint()}, func(ctx context.Context) (App, error) {
		return d.client.LookupAppWith(ctx, tok, app)
	})
	if reachErr != nil {
		return App{}, fmt.Errorf("%w; %w", err, reachErr)
	}
	return reached, nil
}

// organizationNumber returns the number of the request's organization in
// macaroons: that of the slug if there is one, else that of the app's
// organization.
func (d *Directory) organizationNumber(ctx context.Context, req token.Request) (uint64, error) {
	if req.Organization != "" {
		found, err := d.Organization(ctx, req.Organization)
		return uint64(found.NumericID), err
	}
	found, err := d.App(ctx, req.App)
	return uint64(found.Organization.NumericID), err
}
