package mint

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// wholeOrganization is the profile of a token that Fly minted for an organization.
const wholeOrganization = "deploy_organization"

// Survey summarizes Fly's lists of the tokens that the provider minted for an app.
type Survey struct {
	// Ended counts the tokens that were revoked or expired before.
	Ended int
	// Unclear are live tokens of the app's organization whose names, which users
	// chose, do not contain an app.
	Unclear []flyapi.Listed
	// Hidden counts the listed tokens that Fly does not show to the login.
	Hidden int
}

// RevokeMinted revokes live tokens that the provider minted on any machine, for an app
// or for all apps of its organization. It is limited to the kinds given, and leaves out
// those that were tried. It finds them in Fly's lists by their names. If a list cannot be read, it revokes what the other one has,
// and returns the error.
func (m *Minter) RevokeMinted(ctx context.Context, req token.Request, kinds []token.MintKind, tried []Revocation, done func(Revocation)) (Survey, error) {
	login, err := m.cfg.Login(ctx)
	if err != nil {
		return Survey{}, err
	}
	live, survey, err := m.minted(ctx, login, req, kinds)
	live = slices.DeleteFunc(live, func(one flyapi.Listed) bool {
		return slices.ContainsFunc(tried, func(r Revocation) bool { return r.ID == one.ID || r.Name == one.Name })
	})
	var revoking sync.WaitGroup
	var mu sync.Mutex
	var revoked []flyapi.Listed
	for _, one := range live {
		revoking.Go(func() {
			failure := m.revokeWith(ctx, login, one.ID)
			mu.Lock()
			defer mu.Unlock()
			if failure == nil {
				revoked = append(revoked, one)
			}
			done(Revocation{Name: one.Name, ID: one.ID, Err: failure, Again: true})
		})
	}
	revoking.Wait()
	m.forgetListed(ctx, req.App, revoked)
	return survey, err
}

// minted lists the live tokens that the provider minted for an app.
func (m *Minter) minted(ctx context.Context, login token.Token, req token.Request, kinds []token.MintKind) (live []flyapi.Listed, survey Survey, err error) {
	ofApp, hidden, err := m.cfg.Client.ListTokens(ctx, login, flyapi.AppTokens(req.App))
	survey.Hidden = hidden
	slug, slugErr := m.organization(ctx, req)
	var ofOrganization []flyapi.Listed
	if slugErr == nil {
		ofOrganization, hidden, slugErr = m.cfg.Client.ListTokens(ctx, login, flyapi.OrganizationTokens(slug))
		survey.Hidden += hidden
	}
	seen := make(map[string]bool)
	for i, one := range slices.Concat(ofApp, ofOrganization) {
		name, ours := ParseName(one.Name)
		listedWithApp := i < len(ofApp)
		switch ended := !one.RevokedAt.IsZero() || m.cfg.Now().After(one.ExpiresAt); {
		case !ours || seen[one.ID] || !slices.Contains(kinds, name.Kind):
		case name.App == "" && !listedWithApp && (name.Organization == "" || name.Kind != token.MintSource):
			// Fly lists a deploy token with its app, too.
			if !ended && one.Profile == wholeOrganization {
				survey.Unclear = append(survey.Unclear, one)
			}
		case name.App != req.App && name.App != "":
		case ended:
			survey.Ended++
		default:
			live = append(live, one)
		}
		seen[one.ID] = true
	}
	return live, survey, errors.Join(err, slugErr)
}

// forgetListed forgets the mints announced at a place whose tokens were revoked.
func (m *Minter) forgetListed(ctx context.Context, place string, revoked []flyapi.Listed) {
	if len(revoked) == 0 {
		return
	}
	announced, err := m.cfg.Journal.Announced(ctx, place)
	if err != nil {
		return // a mint that stays announced is looked for once more
	}
	for _, mint := range announced {
		if slices.ContainsFunc(revoked, func(l flyapi.Listed) bool { return l.Name == mint.Name }) {
			_ = m.cfg.Journal.Forget(ctx, place, mint.Name)
		}
	}
}
