package mint_test

import (
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// acme is a request for a token of a whole organization.
var acme = token.Request{Organization: "acme"}

// TestOrganizationMintLost loses the answer to a mint for an organization: the
// token is found by its name in the organization's list, and revoked.
func TestOrganizationMintLost(t *testing.T) {
	t.Parallel()
	s := server(t, false)
	journal := open(s, t.TempDir())
	s.Inject(flytest.OpMint, flytest.Lost(1))
	if _, _, err := minter(t, s, journal).Lease(t.Context(), acme, flyapi.WireGuardToken(), time.Hour); err == nil || len(live(s)) != 0 {
		t.Errorf("%v is live: %v", live(s), err)
	}
	if s.Count(flytest.OpRevoke) != 1 {
		t.Errorf("%d revocations", s.Count(flytest.OpRevoke))
	}
	if mints, err := journal.Announced(t.Context(), acme.Place()); err != nil || len(mints) != 0 {
		t.Errorf("still announced: %v, %v", mints, err)
	}
}

// TestOrganizationTokenIsNoApps mints for an organization of an app's name: what is
// revoked for the app leaves it, and revoking it forgets its mint.
func TestOrganizationTokenIsNoApps(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flytest.World{
		Organizations: []flytest.Organization{{Slug: "acme", NumericID: 41}},
		Apps:          []flytest.App{{Name: "acme", Organization: "acme", NumericID: 71}},
		Users:         []flytest.User{{Name: "owner", Organizations: []string{"acme"}}},
	})
	journal := open(s, t.TempDir())
	m := minter(t, s, journal)
	c, _, err := m.Managed(t.Context(), mint.Managed{Request: acme, Kind: flyapi.ReadOrganizationToken(), Label: token.MintLabel(acme), TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	survey, err := m.RevokeMinted(t.Context(), token.Request{App: "acme"}, all(), nil, func(r mint.Revocation) { t.Errorf("%s was revoked", r.Name) })
	if err != nil || len(survey.Unclear) != 1 || len(live(s)) != 1 {
		t.Errorf("%+v, and %v is live: %v", survey, live(s), err)
	}
	if _, err := m.RevokeListed(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if mints, err := journal.Announced(t.Context(), acme.Place()); err != nil || len(mints) != 0 || len(live(s)) != 0 {
		t.Errorf("%v is live, and announced are %v: %v", live(s), mints, err)
	}
}

// TestOrganizationTokenLeft names the organization in the warning about a token
// that may have no owner.
func TestOrganizationTokenLeft(t *testing.T) {
	t.Parallel()
	s := server(t, false)
	journal := open(s, t.TempDir())
	one := token.Mint{Request: acme, Name: "ci (terraform aaaaaaaaaa)", Kind: token.MintManaged, Owner: "gone", ExpiresAt: time.Now().Add(time.Hour)}
	if err := journal.Announce(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	warnings := minter(t, s, dead{journal}).Clear(t.Context(), mint.Managed{Request: acme})
	if len(warnings) != 1 || !strings.Contains(warnings[0].Detail, `for organization "acme"`) {
		t.Errorf("warned %v", warnings)
	}
}
