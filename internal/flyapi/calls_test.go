package flyapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestLookupApp(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	c := client(t, s)
	want := flyapi.App{
		Name: "web", ID: "web", NumericID: 8000,
		Organization: flyapi.Organization{ID: "org_4700", NumericID: 4700, Slug: "acme", RawSlug: "acme"},
	}
	got, err := c.LookupApp(t.Context(), s.Login("both"), "web")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LookupApp (-want +got):\n%s", diff)
	}
	got, err = c.LookupApp(t.Context(), s.Make(flytest.Make{App: "web"}), "web")
	if err != nil || got.NumericID != 8000 {
		t.Errorf("with a deploy token: %+v, %v", got, err)
	}
	for name, app := range map[string]string{"missing": "nowhere", "another organization's": "web"} {
		_, err := c.LookupApp(t.Context(), s.Login("second"), app)
		if e := mustBe(t, err, flyapi.ErrNoSuchApp, s.Login("second")); !strings.Contains(e.Error(), "check the app's name") {
			t.Errorf("%s: %v does not say what to do", name, e)
		}
	}
	_, err = c.LookupApp(t.Context(), token.Token{}, "web")
	wantKind(t, err, flyapi.ErrUnauthenticated, token.Token{})
	before := s.Count(flytest.OpAny)
	_, err = c.LookupApp(t.Context(), s.Login("both"), "../orgs")
	wantKind(t, err, flyapi.ErrInvalid, s.Login("both"))
	if !errors.Is(err, token.ErrInvalidRequest) || s.Count(flytest.OpAny) != before {
		t.Errorf("a name that is none was sent, or its error is %v", err)
	}
}

func TestLookupOrganization(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	c := client(t, s)
	got, err := c.LookupOrganization(t.Context(), s.Login("both"), "personal")
	if err != nil {
		t.Fatal(err)
	}
	want := flyapi.Organization{ID: "org_4701", NumericID: 4701, Slug: "personal", RawSlug: "globex"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LookupOrganization (-want +got):\n%s", diff)
	}
	if !got.Is("personal") || !got.Is("globex") || got.Is("acme") {
		t.Error("Is does not know the organization by its two slugs")
	}
	_, err = c.LookupOrganization(t.Context(), s.Login("second"), "acme")
	wantKind(t, err, flyapi.ErrNoSuchOrganization, s.Login("second"))
	_, err = c.LookupOrganization(t.Context(), s.Login("second"), "Acme!")
	wantKind(t, err, flyapi.ErrInvalid, s.Login("second"))
}

func TestLookupAppWithSendsMacaroonsAlone(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	c := client(t, s)
	made := s.Make(flytest.Make{App: "web"})
	mixed, err := token.Parse(s.Login("both").Reveal() + "," + made.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	// The server fails the test if an OAuth token comes with macaroons.
	got, err := c.LookupAppWith(t.Context(), mixed, "web")
	if err != nil {
		t.Fatal(err)
	}
	want := flyapi.App{Name: "web", NumericID: 8000, Organization: flyapi.Organization{NumericID: 4700, Slug: "acme"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("LookupAppWith (-want +got):\n%s", diff)
	}
	if _, err := c.LookupAppWith(t.Context(), s.Login("both"), "shop"); err != nil {
		t.Errorf("with a bare OAuth token: %v", err)
	}
	_, err = c.LookupAppWith(t.Context(), made, "worker")
	wantKind(t, err, flyapi.ErrNotPermitted, made)
	_, err = c.LookupAppWith(t.Context(), made, "nowhere")
	wantKind(t, err, flyapi.ErrNoSuchApp, made)
}

func TestMint(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		request flyapi.MintRequest
		profile string
		app     string
	}{
		"organization": {flyapi.MintRequest{Name: "n", OrganizationID: "org_4700", TTL: time.Hour}, "deploy_organization", ""},
		"app":          {flyapi.MintRequest{Name: "n", OrganizationID: "org_4700", AppID: "web", TTL: time.Hour}, "deploy", "web"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, world())
			before := time.Now()
			got, err := client(t, s).Mint(t.Context(), s.Login("both"), tc.request)
			if err != nil {
				t.Fatal(err)
			}
			one := s.Issued()[0]
			if one.Profile != tc.profile || one.App != tc.app || one.Name != "n" || one.ID != got.ID {
				t.Errorf("the server made %+v for %+v", one, got)
			}
			bundle, err := macaroon.ParseBundle(got.Token.Reveal())
			if err != nil || len(bundle.Grants()) != 1 || len(bundle.Grants()[0].Missing) != 0 {
				t.Fatalf("the token is %v, %v: want a grant with its discharge", bundle, err)
			}
			if at := bundle.Expiry(before); at.Before(before.Add(59*time.Minute)) || at.After(time.Now().Add(time.Hour)) {
				t.Errorf("the macaroon's expiry is %s, want an hour from %s", at, before)
			}
		})
	}
}

func TestMintIsRefused(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	c := client(t, s)
	hour := flyapi.MintRequest{Name: "n", OrganizationID: "org_4700", TTL: time.Hour}
	scoped := s.Make(flytest.Make{Organization: "acme"})
	_, err := c.Mint(t.Context(), scoped, hour)
	wantKind(t, err, flyapi.ErrNotPermitted, scoped)
	_, err = c.Mint(t.Context(), s.Login("second"), hour)
	wantKind(t, err, flyapi.ErrNotPermitted, s.Login("second"))
	s.Revoke(s.Login("both"))
	_, err = c.Mint(t.Context(), s.Login("both"), hour)
	if e := mustBe(t, err, flyapi.ErrUnauthenticated, s.Login("both")); !strings.Contains(e.Fix, "fly auth login") {
		t.Errorf("the fix is %q", e.Fix)
	}
	_, err = c.Mint(t.Context(), s.Login("second"), flyapi.MintRequest{Name: "n", OrganizationID: "org_4701", AppID: "web", TTL: time.Hour})
	wantKind(t, err, flyapi.ErrNoSuchApp, s.Login("second"))
	if made := len(s.Issued()); made != 1 {
		t.Errorf("%d tokens were made, want the test's own", made)
	}
}

// Fly is not asked for a token that lives less than a second: "0s" would be twenty
// years, and "500ms" is in the past when the answer arrives.
func TestMintTooShort(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	for _, ttl := range []time.Duration{-time.Hour, 0, 500 * time.Millisecond, time.Second - 1} {
		_, err := client(t, s).Mint(t.Context(), s.Login("both"), flyapi.MintRequest{Name: "n", OrganizationID: "org_4700", TTL: ttl})
		wantKind(t, err, flyapi.ErrInvalid, s.Login("both"))
	}
	if n := s.Count(flytest.OpAny); n != 0 {
		t.Errorf("Fly was asked %d times", n)
	}
}

func TestListAndRevoke(t *testing.T) {
	t.Parallel()
	const many = 250
	s := flytest.New(t, world())
	c := client(t, s)
	for range many {
		s.Make(flytest.Make{App: "web"})
	}
	s.Make(flytest.Make{Organization: "globex"})
	list, _, err := c.ListTokens(t.Context(), s.Login("both"), flyapi.AppTokens("web"))
	if err != nil || len(list) != many {
		t.Fatalf("ListTokens = %d tokens, %v; want %d", len(list), err, many)
	}
	if pages := s.Count(flytest.OpList); pages != 3 {
		t.Errorf("%d pages were read, want 3", pages)
	}
	last := list[many-1]
	if last.ID != fmt.Sprintf("lat_%04d", many) || last.Profile != "deploy" || last.CreatedAt.IsZero() || !last.RevokedAt.IsZero() {
		t.Errorf("the last is %+v", last)
	}
	if list, _, err = c.ListTokens(t.Context(), s.Login("second"), flyapi.OrganizationTokens("globex")); err != nil || len(list) != 1 {
		t.Fatalf("ListTokens = %v, %v; want one", list, err)
	}
	for range 2 { // the second time nothing remains to be done, without an error
		if err := c.Revoke(t.Context(), s.Login("second"), list[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	if list, _, err = c.ListTokens(t.Context(), s.Login("second"), flyapi.OrganizationTokens("globex")); err != nil || list[0].RevokedAt.IsZero() {
		t.Errorf("after the revocation the list is %+v, %v", list, err)
	}
	wantKind(t, c.Revoke(t.Context(), s.Login("second"), last.ID), flyapi.ErrNotPermitted, s.Login("second"))
	wantKind(t, c.Revoke(t.Context(), s.Login("second"), "lat_none"), flyapi.ErrNoSuchToken, s.Login("second"))
	wantKind(t, c.Revoke(t.Context(), s.Login("second"), ""), flyapi.ErrInvalid, s.Login("second"))
	_, _, err = c.ListTokens(t.Context(), s.Login("second"), flyapi.AppTokens("web"))
	wantKind(t, err, flyapi.ErrNoSuchApp, s.Login("second"))
	_, _, err = c.ListTokens(t.Context(), s.Login("second"), flyapi.OrganizationTokens("acme"))
	wantKind(t, err, flyapi.ErrNoSuchOrganization, s.Login("second"))
}

func TestListGivesUpOnACursorThatStays(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	s.Inject(flytest.OpList, flytest.Fail(200, `{"data":{"owner":{"limitedAccessTokens":{
		"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":"x"}}}}}`))
	_, _, err := client(t, s).ListTokens(t.Context(), s.Login("both"), flyapi.AppTokens("web"))
	wantKind(t, err, flyapi.ErrUnavailable, s.Login("both"))
	if pages := s.Count(flytest.OpList); pages != 2 {
		t.Errorf("%d pages were read, want 2", pages)
	}
}
