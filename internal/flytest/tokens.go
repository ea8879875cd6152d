package flytest

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The profiles that the server mints, as flyctl names them.
const (
	profileDeploy       = "deploy"
	profileOrganization = "deploy_organization"
)

// twentyYears is the lifetime of a token that Fly mints without an expiry, or
// flyctl without --expiry.
const twentyYears = 175200 * time.Hour

// issued is a token that the server made. The discharge may be nil.
type issued struct {
	Issued
	header                string
	permission, discharge *macaroon.Macaroon
	ticket                []byte
}

// Make describes a token for a test that is made without a request to the API.
type Make struct {
	// Organization is the slug of its organization; "" means the app's.
	Organization string
	// App makes it a deploy token for one app.
	App string
	// Name is what it is listed by; "" means a name of the server's.
	Name string
	// TTL is how long it is good for: 0 means twenty years, and less than 0 that
	// it has expired.
	TTL time.Duration
	// DischargeTTL is the same for its discharge; 0 means that the discharge
	// does not expire.
	DischargeTTL time.Duration
	// NoDischarge leaves the discharge out: Fly refuses such a token.
	NoDischarge bool
}

// Make makes a token. It does not count as a request.
func (s *Server) Make(m Make) token.Token {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	slug, profile := m.Organization, profileOrganization
	if m.App != "" {
		app, ok := s.world.app(m.App)
		if !ok {
			s.t.Fatalf("flytest: the app %q of the token does not exist", m.App)
		}
		slug, profile = app.Organization, profileDeploy
	}
	organization, ok := s.world.organization(slug)
	if !ok {
		s.t.Fatalf("flytest: the organization %q of the token does not exist", slug)
	}
	as := Issued{Name: cmp.Or(m.Name, "made by the test"), Profile: profile, App: m.App, user: "tester"}
	return parse(s.issue(organization, as, m).header)
}

// Login returns the OAuth token of a user, the same in every run.
func (s *Server) Login(user string) token.Token {
	s.t.Helper()
	i := slices.IndexFunc(s.world.Users, func(u User) bool { return u.Name == user })
	if i < 0 {
		s.t.Fatalf("flytest: the user %q does not exist", user)
	}
	return s.world.Users[i].login()
}

// Issued returns the tokens that were made, in order.
func (s *Server) Issued() []Issued {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Issued, len(s.issued))
	for i, one := range s.issued {
		list[i] = one.Issued
	}
	return list
}

// Revoke makes the server refuse all parts of tok, and the tokens narrowed from
// them.
func (s *Server) Revoke(tok token.Token) {
	s.t.Helper()
	bundle, err := macaroon.ParseBundle(tok.Reveal())
	if err != nil {
		s.t.Fatalf("flytest: revoke: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, part := range oauthParts(bundle) {
		s.blocked[part] = true
	}
	for _, g := range bundle.Grants() {
		i := s.find(g.Permission)
		if i == nil {
			s.t.Fatal("flytest: revoke: this server did not make the token")
		}
		i.RevokedAt = time.Now()
	}
}

// Move makes an app belong to a different organization of the world.
func (s *Server) Move(app, organization string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.world.Apps, func(a App) bool { return a.Name == app })
	if i < 0 {
		s.t.Fatalf("flytest: move: there is no app %q", app)
	}
	s.world.Apps[i].Organization = organization
}

// find returns the issued token of m, or nil if this server did not issue it.
func (s *Server) find(m *macaroon.Macaroon) *issued {
	i := slices.IndexFunc(s.issued, func(i *issued) bool { return i.permission.ID() == m.ID() })
	if i < 0 {
		return nil
	}
	return s.issued[i]
}

// issue makes a token like Fly's: a permission macaroon that requires
// authentication, and the discharge that proves it. The caller holds the lock.
func (s *Server) issue(organization Organization, as Issued, m Make) *issued {
	s.t.Helper()
	ttl := m.TTL
	if ttl == 0 {
		ttl = twentyYears
	}
	now := time.Now()
	as.ID = fmt.Sprintf("lat_%04d", len(s.issued)+1)
	as.Organization, as.CreatedAt, as.ExpiresAt = organization.Slug, now, now.Add(ttl)
	i := &issued{Issued: as, ticket: random(64)}
	var err error
	i.permission, err = macaroons.New(
		macaroons.Seed{Key: random(32), KeyID: random(16), Random: random(16), Location: macaroon.LocationPermission},
		s.caveats(organization, i)...,
	)
	if err != nil {
		s.t.Fatalf("flytest: mint a token: %v", err)
	}
	bundle := macaroon.NewBundle(i.permission)
	if !m.NoDischarge {
		caveats := []macaroon.Caveat{macaroons.IsUser(42)}
		if m.DischargeTTL != 0 {
			caveats = append(caveats, macaroon.Window(now.Add(-time.Hour), now.Add(m.DischargeTTL)))
		}
		i.discharge, err = macaroons.NewDischarge(macaroons.Seed{
			Key: random(32), KeyID: i.ticket, Random: random(16), Location: macaroon.LocationAuthentication,
		}, caveats...)
		if err != nil {
			s.t.Fatalf("flytest: mint a discharge: %v", err)
		}
		bundle = macaroon.NewBundle(i.permission, i.discharge)
	}
	i.header = "FlyV1 " + bundle.Reveal()
	s.issued = append(s.issued, i)
	return i
}

// caveats are those of a token. Its window begins early, because clocks differ.
func (s *Server) caveats(organization Organization, i *issued) []macaroon.Caveat {
	caveats := []macaroon.Caveat{macaroon.Organization{ID: organization.NumericID, Mask: macaroon.ActionAll}}
	if app, ok := s.world.app(i.App); ok {
		features := macaroon.Resources{Of: macaroon.FeatureSet, Allowed: map[string]macaroon.Action{"builder": macaroon.ActionAll, "wg": macaroon.ActionAll}}
		apps := macaroon.Apps{app.NumericID: macaroon.ActionAll}
		if s.world.AppsAtTop {
			caveats = append(caveats, apps, macaroon.IfPresent{Ifs: []macaroon.Caveat{features}, Else: macaroon.ActionAll})
		} else {
			caveats = append(caveats, macaroon.IfPresent{Ifs: []macaroon.Caveat{apps, features}, Else: macaroon.ActionRead})
		}
	} else {
		caveats = append(caveats, macaroons.IsMember())
	}
	from := i.CreatedAt
	if i.ExpiresAt.Before(from) {
		from = i.ExpiresAt
	}
	return append(caveats,
		macaroon.Window(from.Add(-30*time.Second), i.ExpiresAt),
		macaroon.ThirdParty{Location: macaroon.LocationAuthentication, VerifierKey: random(60), Ticket: i.ticket})
}

// oauthParts returns the OAuth tokens of a bundle.
func oauthParts(b macaroon.Bundle) []string {
	parts := strings.Split(b.Reveal(), ",")
	return slices.DeleteFunc(parts, func(part string) bool { return !strings.HasPrefix(part, "fo1_") })
}

func parse(header string) token.Token {
	tok, err := token.Parse(header)
	if err != nil {
		panic(fmt.Sprintf("flytest: a token of this server does not parse: %v", err))
	}
	return tok
}

func random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails
	return b
}
