package flytest

import (
	"bytes"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// principal is the identity in an Authorization header.
type principal struct {
	// user is the owner of its OAuth token, if any.
	user *User
	// grants are its macaroons that are genuine, valid and discharged.
	grants []macaroon.Grant
	// undischarged means that a macaroon would be a grant if it had its
	// discharge.
	undischarged bool
	// macaroons and oauth report whether it holds any of the kind.
	macaroons, oauth bool
}

// authenticate reads an Authorization header. It reports whether the header
// identifies anyone. The caller holds the lock.
func (s *Server) authenticate(header string) (principal, bool) {
	var who principal
	bundle, err := macaroon.ParseBundle(header)
	if err != nil {
		return who, false
	}
	for _, part := range oauthParts(bundle) {
		i := slices.IndexFunc(s.world.Users, func(u User) bool { return u.login().Reveal() == part })
		if i >= 0 && !s.blocked[part] {
			who.user = &s.world.Users[i]
		}
	}
	who.macaroons, who.oauth = len(bundle.Macaroons()) > 0, bundle.HasOAuth()
	now := time.Now()
	for _, g := range bundle.Grants() {
		i := s.find(g.Permission)
		if i == nil || !i.RevokedAt.IsZero() || !i.signed(g.Permission) || g.ExpiredAt(now) || g.Permission.NotBefore().After(now) {
			continue
		}
		if len(g.Missing) > 0 || !i.discharges(g.Discharges) {
			who.undischarged = true
			continue
		}
		who.grants = append(who.grants, g)
	}
	return who, who.user != nil || len(who.grants) > 0
}

// signed reports whether m is i's permission macaroon, or one attenuated from it.
func (i *issued) signed(m *macaroon.Macaroon) bool {
	own := len(i.permission.Caveats())
	if len(m.Caveats()) < own {
		return false
	}
	again, err := i.permission.Attenuate(m.Caveats()[own:]...)
	return err == nil && bytes.Equal(again.Encode(), m.Encode())
}

// discharges reports whether all of these are the discharge of i.
func (i *issued) discharges(discharges []*macaroon.Macaroon) bool {
	return !slices.ContainsFunc(discharges, func(d *macaroon.Macaroon) bool {
		return i.discharge == nil || !bytes.Equal(d.Encode(), i.discharge.Encode())
	})
}

// permits reports whether a macaroon of who allows an action, on an app if one
// is given.
func (who principal) permits(action macaroon.Action, organization Organization, app *App) bool {
	access := macaroon.Access{Action: action, OrgID: &organization.NumericID}
	if app != nil {
		access.AppID = &app.NumericID
	}
	return slices.ContainsFunc(who.grants, func(g macaroon.Grant) bool { return g.Permits(access) == nil })
}

func (s *Server) mayRead(who principal, app App) bool {
	organization, _ := s.world.organization(app.Organization)
	return who.user != nil && who.user.memberOf(app.Organization) || who.permits(macaroon.ActionRead, organization, &app)
}

func (s *Server) mayReadOrganization(who principal, o Organization) bool {
	return who.user != nil && who.user.memberOf(o.Slug) || who.permits(macaroon.ActionRead, o, nil)
}

// elsewhere is the number of no app: only a token that opens all apps opens it.
const elsewhere = math.MaxUint64

// maySee reports whether a list shows who a token: a scoped token sees those of the
// apps that it reads, and the organization's where it reads every app.
func (s *Server) maySee(who principal, i *issued) bool {
	organization, _ := s.world.organization(i.Organization)
	app, ok := s.world.app(i.App)
	if !ok {
		app = App{Organization: i.Organization, NumericID: elsewhere}
	}
	return who.user != nil && who.user.memberOf(organization.Slug) || who.permits(macaroon.ActionRead, organization, &app)
}

func (s *Server) mayMint(who principal, o Organization) bool {
	return who.user != nil && who.user.memberOf(o.Slug) ||
		s.world.ScopedMint && who.permits(macaroon.ActionAll, o, nil)
}

// show is GET /v1/apps/{app}. It answers 200 if the principal may read the app,
// 403 if not, 404 if the app does not exist, and 401 without a principal. The
// bodies are those in fly-go and in public reports.
func (s *Server) show(header, name string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, ok := s.authenticate(header)
	if who.macaroons && who.oauth {
		s.t.Errorf("flytest: the Machines API got an OAuth token together with macaroons")
	}
	switch {
	case !who.macaroons && (who.user == nil || s.world.MachinesRefuseOAuth):
		return failure(http.StatusUnauthorized, "verify: invalid token: no tokens found in header")
	case !ok && who.undischarged:
		return failure(http.StatusUnauthorized, "all tokens missing third-party discharge tokens; no verified tokens")
	case !ok:
		return failure(http.StatusUnauthorized, "Authenticate: token validation error")
	}
	app, ok := s.world.app(name)
	if !ok {
		return failure(http.StatusNotFound, "app not found")
	}
	if !s.mayRead(who, app) {
		return failure(http.StatusForbidden, "unauthorized")
	}
	organization, _ := s.world.organization(app.Organization)
	return answer{http.StatusOK, map[string]any{
		"id": app.Name, "name": app.Name, "internal_numeric_id": app.NumericID, "status": "pending", "network": "",
		"organization": map[string]any{
			"name": organization.Slug, "slug": organization.Slug, "internal_numeric_id": organization.NumericID,
		},
	}}
}

// failure is an error of the Machines API.
func failure(status int, message string) answer {
	return answer{status, map[string]any{"error": message}}
}
