package flyapi

import (
	"context"
	"errors"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// appPageSize is the number of apps on one page of a login's list, as in flyctl.
	appPageSize = 200
	// maxAppPages bounds the pages that a run reads. Beyond them an app is looked up
	// alone.
	maxAppPages = 5
)

// lookupListed looks an app up, and lists a page of all the apps that the login
// sees. flyctl lists the apps of a login in the same way.
const lookupListed = `query($name: String!, $first: Int, $after: String) { app(name: $name) { ` + appFields + ` }
  apps(first: $first, after: $after) { nodes { ` + appFields + ` } pageInfo { hasNextPage endCursor } } }`

var errUnlisted = errors.New("no list of apps for this login")

// appPage is the answer to the lookup of one app and a page of the login's apps.
type appPage struct {
	// asked is the app that was looked up, and failure is why it was not found.
	asked   App
	failure error
	apps    map[string]App
	// next is the cursor of the next page; "" if there is none.
	next string
}

// listed returns the app from the first page that has it, or its own lookup. Each
// lookup brings the next page along, so that the list costs no further request.
// Callers who arrive during a request wait for its page.
func (d *Directory) listed(ctx context.Context, login token.Token, app string) (App, error) {
	after := ""
	for range maxAppPages {
		call, shared := d.pages.Join(ctx, after, func(ctx context.Context) (appPage, error) {
			return d.client.appPage(ctx, login, app, after)
		})
		page, err := call.Wait(ctx)
		found, ok := page.apps[app]
		var refusal *Error
		switch {
		case ctx.Err() != nil:
			return App{}, context.Cause(ctx)
		case !shared && (page.asked.Name != "" || page.failure != nil):
			return page.asked, page.failure
		case ok:
			return found, nil
		case errors.As(err, &refusal) && refusal.kind == ErrUnauthenticated:
			own := *refusal
			own.op = lookupOp(app)
			return App{}, &own
		}
		if err != nil || page.next == "" {
			break
		}
		after = page.next
	}
	return d.client.LookupApp(ctx, login, app)
}

// appPage looks an app up together with a page of the login's apps, and alone if
// that fails. An error means that there is no page. Its kind is
// [ErrUnauthenticated] if Fly does not accept the login.
func (c *Client) appPage(ctx context.Context, login token.Token, app, after string) (appPage, error) {
	err := errUnlisted
	var page appPage
	if !IsConfined(login) {
		page, err = c.lookupListed(ctx, login, app, after)
	}
	if page.asked.Name != "" || page.failure != nil || ctx.Err() != nil {
		return page, err
	}
	page.asked, page.failure = c.LookupApp(ctx, login, app)
	if errors.Is(page.failure, ErrUnauthenticated) {
		err = page.failure
	}
	return page, err
}

// IsConfined reports whether a login has no user's token, and macaroons for some
// apps alone.
func IsConfined(login token.Token) bool {
	b, err := macaroon.ParseBundle(login.Reveal())
	return err == nil && !b.HasOAuth() && b.IsConfinedToApps()
}

// lookupListed sends one document. The page that it returns may lack the asked app,
// the list, or both, whatever the error.
func (c *Client) lookupListed(ctx context.Context, login token.Token, app, after string) (appPage, error) {
	d := document{
		op: lookupOp(app), operation: "look_up_app", text: lookupListed,
		variables: map[string]any{"name": app, "first": appPageSize, "after": nil},
		flaw:      token.ValidateApp(app), notFound: ErrNoSuchApp, repeat: whenLost, optional: true,
	}
	if after != "" {
		d.variables["after"] = after
	}
	var data struct {
		App  *App              `json:"app"`
		Apps *connection[*App] `json:"apps"`
	}
	_, err := c.run(ctx, login, d, &data)
	page := appPage{apps: make(map[string]App)}
	if data.App != nil && data.App.Name == app && data.App.isComplete() {
		page.asked = *data.App
	}
	if data.Apps == nil {
		return page, errUnlisted
	}
	switch {
	case data.App == nil && err == nil:
		page.failure = missing(d)
	case data.App == nil && errors.Is(err, ErrNoSuchApp):
		page.failure = err
	}
	for _, n := range data.Apps.Nodes {
		if n != nil && n.isComplete() {
			page.apps[n.Name] = *n
		}
	}
	if info := data.Apps.PageInfo; info.HasNextPage {
		page.next = info.EndCursor
	}
	return page, nil
}
