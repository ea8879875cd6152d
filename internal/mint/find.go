package mint

import (
	"context"
	"fmt"
	"slices"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// revokeMint revokes a minted token by its identifier, or by its name if that is
// unknown. It reports whether Fly knows such a token.
func (m *Minter) revokeMint(ctx context.Context, req token.Request, id, name string) (found bool, err error) {
	if id != "" {
		return true, m.revokeID(ctx, id)
	}
	return m.revokeNamed(ctx, req, name, "")
}

// revokeNamed revokes the tokens of that name, except the one with the identifier
// keep, and reports whether Fly lists any.
func (m *Minter) revokeNamed(ctx context.Context, req token.Request, name, keep string) (found bool, err error) {
	listed, err := m.named(ctx, req, name)
	if err != nil {
		return false, err
	}
	for _, one := range listed {
		if one.ID == keep || !one.RevokedAt.IsZero() {
			continue
		}
		if err := m.revokeID(ctx, one.ID); err != nil {
			return true, err
		}
	}
	return len(listed) > 0, nil
}

// named returns the tokens of that name, revoked ones included. A deploy token
// is listed with its app, any other token with its organization. The second
// list is read only if the first has no such token.
func (m *Minter) named(ctx context.Context, req token.Request, name string) ([]flyapi.Listed, error) {
	lists := []func(context.Context, token.Request) ([]flyapi.Listed, error){m.listOrganization, m.listApp}
	switch {
	case req.App == "":
		lists = lists[:1]
	case req.Access == token.AccessDeploy:
		slices.Reverse(lists)
	}
	var failures error
	for _, list := range lists {
		all, err := list(ctx, req)
		if err != nil {
			if failures != nil {
				err = fmt.Errorf("%w; %w", failures, err)
			}
			failures = err
			continue
		}
		if of := slices.DeleteFunc(all, func(l flyapi.Listed) bool { return l.Name != name }); len(of) > 0 {
			return of, nil
		}
	}
	return nil, failures
}

// List returns the list in which Fly shows tokens that were minted for req.
func (m *Minter) List(ctx context.Context, req token.Request) ([]flyapi.Listed, error) {
	if req.Access == token.AccessDeploy {
		return m.listApp(ctx, req)
	}
	return m.listOrganization(ctx, req)
}

func (m *Minter) listApp(ctx context.Context, req token.Request) ([]flyapi.Listed, error) {
	login, err := m.cfg.Login(ctx)
	if err != nil {
		return nil, err
	}
	all, _, err := m.cfg.Client.ListTokens(ctx, login, flyapi.AppTokens(req.App))
	return all, err
}

func (m *Minter) listOrganization(ctx context.Context, req token.Request) ([]flyapi.Listed, error) {
	login, err := m.cfg.Login(ctx)
	if err != nil {
		return nil, err
	}
	slug, err := m.organization(ctx, req)
	if err != nil {
		return nil, err
	}
	all, _, err := m.cfg.Client.ListTokens(ctx, login, flyapi.OrganizationTokens(slug))
	return all, err
}

// organization returns the slug of the organization that req names, or that its app
// belongs to.
func (m *Minter) organization(ctx context.Context, req token.Request) (string, error) {
	if req.Organization != "" {
		return req.Organization, nil
	}
	return m.cfg.Directory.OrganizationSlug(ctx, req.App)
}

// Find returns the token with that identifier, and whether the list of app has
// it. The error's kind is [flyapi.ErrNoSuchToken] if Fly shows the login no such
// token.
func (m *Minter) Find(ctx context.Context, app, id string) (one flyapi.Listed, ofApp bool, err error) {
	all, err := m.listApp(ctx, token.Request{App: app})
	if err != nil {
		return flyapi.Listed{}, false, err
	}
	if at := slices.IndexFunc(all, func(l flyapi.Listed) bool { return l.ID == id }); at >= 0 {
		return all[at], true, nil
	}
	login, err := m.cfg.Login(ctx)
	if err != nil {
		return flyapi.Listed{}, false, err
	}
	one, err = m.cfg.Client.LookupToken(ctx, login, id)
	return one, false, err
}
