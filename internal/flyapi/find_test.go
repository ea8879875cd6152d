package flyapi_test

import (
	"slices"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// bundleOf parses the macaroons of tok, narrowed as one that leaked may be.
func bundleOf(t *testing.T, tok token.Token) macaroon.Bundle {
	t.Helper()
	b, err := macaroon.ParseBundle(tok.Reveal())
	if err == nil {
		b, err = b.Attenuate(macaroons.IsUser(7))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A token is found by its value, also if it was narrowed, in the list of its app or
// its organization, on whichever page, and whatever Fly gives as its root.
func TestFindToken(t *testing.T) {
	t.Parallel()
	for _, macaroons := range []bool{false, true} {
		w := world()
		w.ListMacaroons = macaroons
		s := flytest.New(t, w)
		c := client(t, s)
		for range 120 {
			s.Make(flytest.Make{App: "worker"})
		}
		deploy, whole := s.Make(flytest.Make{App: "worker", Name: "deploy"}), s.Make(flytest.Make{Organization: "acme", Name: "whole"})
		for name, tok := range map[string]token.Token{"deploy": deploy, "whole": whole} {
			found, err := c.FindToken(t.Context(), s.Login("both"), bundleOf(t, tok))
			if err != nil || len(found) != 1 || found[0].Name != name || slices.Contains(found[0].Apps, "worker") != (name == "deploy") {
				t.Errorf("FindToken(%s) = %+v, %v", name, found, err)
			}
		}
		both, err := token.Parse(deploy.Reveal() + "," + whole.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		two := bundleOf(t, both)
		if found, err := c.FindToken(t.Context(), s.Login("both"), two); err != nil || len(found) != 2 {
			t.Errorf("of two tokens it found %+v, %v", found, err)
		}
		twice, err := macaroon.ParseBundle(deploy.Reveal() + "," + bundleOf(t, deploy).Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if found, err := c.FindToken(t.Context(), s.Login("both"), twice); err != nil || len(found) != 1 {
			t.Errorf("of one token in two forms it found %+v, %v", found, err)
		}
		_, err = c.FindToken(t.Context(), s.Login("second"), bundleOf(t, whole))
		wantKind(t, err, flyapi.ErrNoSuchOrganization, whole)
		foreign := flytest.New(t, world())
		_, err = c.FindToken(t.Context(), s.Login("both"), bundleOf(t, foreign.Make(flytest.Make{App: "web"})))
		wantKind(t, err, flyapi.ErrNoSuchToken, s.Login("both"))
	}
}

// What Fly counts and does not show is counted, whether it shows a gap or not.
func TestCollectCountsHidden(t *testing.T) {
	t.Parallel()
	for nodes, want := range map[string]int{`{"id":"a"}`: 2, `{"id":"a"},null,null`: 2, `{"id":"a"},{"id":"b"},{"id":"c"}`: 0} {
		s := flytest.New(t, world())
		s.Inject(flytest.OpList, flytest.Fail(200, `{"data":{"owner":{"limitedAccessTokens":{"totalCount":3,"nodes":[`+nodes+`],"pageInfo":{}}}}}`))
		all, hidden, err := client(t, s).ListTokens(t.Context(), s.Login("both"), flyapi.AppTokens("web"))
		if err != nil || hidden != want || len(all) != 3-want {
			t.Errorf("%s: %d shown, %d hidden, %v", nodes, len(all), hidden, err)
		}
	}
}

// A token is looked up by its identifier, also after its revocation.
func TestLookupToken(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, world())
	c := client(t, s)
	s.Revoke(s.Make(flytest.Make{App: "web", Name: "gone"}))
	got, err := c.LookupToken(t.Context(), s.Login("both"), "lat_0001")
	if err != nil || got.Name != "gone" || got.RevokedAt.IsZero() {
		t.Errorf("LookupToken = %+v, %v", got, err)
	}
	for _, id := range []string{"lat_0002", ""} {
		_, err = c.LookupToken(t.Context(), s.Login("both"), id)
		wantKind(t, err, flyapi.ErrNoSuchToken, s.Login("both"))
	}
	_, err = c.LookupToken(t.Context(), s.Login("second"), "lat_0001")
	wantKind(t, err, flyapi.ErrNoSuchToken, s.Login("second"))
}
