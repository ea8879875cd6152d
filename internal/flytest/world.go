package flytest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// World is the initial content of a [Server].
type World struct {
	// Organizations lists the organizations.
	Organizations []Organization
	// Apps lists the apps.
	Apps []App
	// Users lists the users, each with one OAuth login.
	Users []User
	// AppsAtTop gives deploy tokens their Apps caveat outside of IfPresent. It
	// is unknown which form Fly uses.
	AppsAtTop bool
	// TLS serves https with a certificate that no client trusts by default.
	TLS bool
	// MachinesRefuseOAuth makes the Machines API answer 401 to a bare OAuth
	// token, as in public reports. In fly-go's source it is accepted.
	MachinesRefuseOAuth bool
	// ScopedMint lets a macaroon mint, like that of a user's session.
	ScopedMint bool
	// ListMacaroons gives a token's macaroon in a list, in place of the macaroon's
	// identifier. It is unknown what Fly gives.
	ListMacaroons bool
}

// Organization is an organization of a [World].
type Organization struct {
	// Slug is its slug. "personal" means the organization that is a user's
	// Personal.
	Slug string
	// NumericID is its number in macaroons; 0 means a number that the server chooses.
	NumericID uint64
}

// App is an app of a [World].
type App struct {
	// Name is its name.
	Name string
	// Organization is the slug of its organization.
	Organization string
	// NumericID is its number in macaroons; 0 means a number that the server chooses.
	NumericID uint64
}

// User is a user of a [World].
type User struct {
	// Name identifies the user. No token contains it.
	Name string
	// Organizations are the slugs of the user's organizations.
	Organizations []string
	// Personal is the one that the user calls "personal"; "" for none.
	Personal string
}

// The server's numbers start above the likely real ones.
const (
	firstOrganization = 4700
	firstApp          = 8000
)

func (o Organization) node() string { return fmt.Sprintf("org_%d", o.NumericID) }

func (u User) memberOf(slug string) bool { return slices.Contains(u.Organizations, slug) }

// login is the user's OAuth token. It is fixed, so that every run sends the
// same.
func (u User) login() token.Token {
	sum := sha256.Sum256([]byte("flytest login " + u.Name))
	tok, err := token.Parse("fo1_" + hex.EncodeToString(sum[:]))
	if err != nil {
		panic(fmt.Sprintf("flytest: an OAuth token that does not parse: %v", err))
	}
	return tok
}

// complete gives a number to each entry without one, and checks that every
// reference exists.
func (w World) complete(t testing.TB) World {
	t.Helper()
	w.Organizations, w.Apps = slices.Clone(w.Organizations), slices.Clone(w.Apps)
	slugs := make([]string, 0, len(w.Organizations))
	for i := range w.Organizations {
		if w.Organizations[i].NumericID == 0 {
			w.Organizations[i].NumericID = firstOrganization + uint64(i)
		}
		slugs = append(slugs, w.Organizations[i].Slug)
	}
	for i := range w.Apps {
		if w.Apps[i].NumericID == 0 {
			w.Apps[i].NumericID = firstApp + uint64(i)
		}
		if !slices.Contains(slugs, w.Apps[i].Organization) {
			t.Fatalf("flytest: app %q is in organization %q, which is not declared", w.Apps[i].Name, w.Apps[i].Organization)
		}
	}
	for _, u := range w.Users {
		for _, slug := range u.Organizations {
			if !slices.Contains(slugs, slug) {
				t.Fatalf("flytest: user %q is in organization %q, which is not declared", u.Name, slug)
			}
		}
	}
	return w
}

func (w World) app(name string) (App, bool) {
	i := slices.IndexFunc(w.Apps, func(a App) bool { return a.Name == name })
	if i < 0 {
		return App{}, false
	}
	return w.Apps[i], true
}

func (w World) organization(slug string) (Organization, bool) {
	i := slices.IndexFunc(w.Organizations, func(o Organization) bool { return o.Slug == slug })
	if i < 0 {
		return Organization{}, false
	}
	return w.Organizations[i], true
}

func (w World) organizationByNode(node string) (Organization, bool) {
	i := slices.IndexFunc(w.Organizations, func(o Organization) bool { return o.node() == node })
	if i < 0 {
		return Organization{}, false
	}
	return w.Organizations[i], true
}

// Issued is a token that the server made.
type Issued struct {
	// ID is its identifier for revoking.
	ID string
	// Name is the name that it was minted with.
	Name string
	// Profile is the profile that it was minted with.
	Profile string
	// App is the app it was minted for; "" for an organization's.
	App string
	// Organization is the slug of its organization.
	Organization string
	// user is the name of the user who minted it.
	user string
	// CreatedAt, ExpiresAt and RevokedAt are its times; RevokedAt is zero as
	// long as it is good.
	CreatedAt, ExpiresAt, RevokedAt time.Time
	// Over means that it was minted over GraphQL, and not by the test.
	Over bool
}
