package mint_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// all are the kinds of tokens that the provider mints.
func all() []token.MintKind {
	return []token.MintKind{token.MintSource, token.MintManaged, token.MintLease}
}

// Tokens that other machines minted for an app are found by their names and
// revoked. Tokens of other apps, of other kinds and of users stay.
func TestRevokeMinted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kinds []token.MintKind
		left  []string
	}{
		"all":        {all(), []string{"flyctl deploy token", "terraform-provider-fly worker aaaaaaaaaa", "readers (terraform aaaaaaaaaa)"}},
		"only reads": {[]token.MintKind{token.MintSource}, []string{"flyctl deploy token", "ci (terraform aaaaaaaaaa)", "terraform-provider-fly web (ephemeral aaaaaaaaaa)", "terraform-provider-fly worker aaaaaaaaaa", "readers (terraform aaaaaaaaaa)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := server(t, false)
			journal := open(s, t.TempDir())
			m := minter(t, s, journal)
			s.Make(flytest.Make{App: "web", Name: "flyctl deploy token"})
			s.Make(flytest.Make{App: "web", Name: "ci (terraform aaaaaaaaaa)"})
			s.Make(flytest.Make{App: "web", Name: token.MintName(token.Request{App: "web"}), TTL: -time.Hour})
			s.Revoke(s.Make(flytest.Make{App: "web", Name: token.MintName(token.Request{App: "web"})}))
			s.Make(flytest.Make{Organization: "acme", Name: "terraform-provider-fly web (ephemeral aaaaaaaaaa)"})
			s.Make(flytest.Make{Organization: "acme", Name: "terraform-provider-fly worker aaaaaaaaaa"})
			s.Make(flytest.Make{Organization: "acme", Name: "readers (terraform aaaaaaaaaa)"})
			lost := token.Mint{Request: web, Name: token.MintName(token.Request{App: "web"}), Kind: token.MintSource, Owner: journal.Owner(), ExpiresAt: time.Now().Add(time.Hour)}
			if err := journal.Announce(t.Context(), lost); err != nil {
				t.Fatal(err)
			}
			s.Make(flytest.Make{Organization: "acme", Name: lost.Name})
			var revoked []string
			survey, err := m.RevokeMinted(t.Context(), token.Request{App: "web"}, test.kinds, nil, func(r mint.Revocation) {
				if r.Err != nil {
					t.Error(r.Err)
				}
				revoked = append(revoked, r.Name)
			})
			left := slices.DeleteFunc(live(s), func(name string) bool { return name == s.Issued()[2].Name }) // it has expired
			if diff := cmp.Diff(test.left, left); diff != "" || err != nil || survey.Ended != 2 || survey.Hidden != 0 {
				t.Errorf("left are:\n%s%+v, %v", diff, survey, err)
			}
			if unclear := len(survey.Unclear); unclear != len(test.kinds)/3 || !slices.Contains(revoked, lost.Name) {
				t.Errorf("%d are unclear, %q were revoked", unclear, revoked)
			}
			if mints, err := journal.Announced(t.Context(), "web"); err != nil || len(mints) != 0 {
				t.Errorf("%v is still announced: %v", mints, err)
			}
		})
	}
}

// Each unreadable list is reported, and the tokens in the other one are
// revoked.
func TestRevokeMintedListFails(t *testing.T) {
	t.Parallel()
	s := server(t, false)
	m := minter(t, s, nil)
	s.Make(flytest.Make{App: "web", Name: token.MintName(token.Request{App: "web"})})
	s.Make(flytest.Make{Organization: "acme", Name: token.MintName(token.Request{App: "web"})})
	refused := flytest.FailGraphQL("UNAUTHORIZED", "no lists for you")
	refused.Times = 1
	s.Inject(flytest.OpList, refused)
	_, err := m.RevokeMinted(t.Context(), token.Request{App: "web"}, all(), nil, func(mint.Revocation) {})
	if err == nil || len(live(s)) != 0 {
		t.Errorf("%v is live: %v", live(s), err)
	}
	s.Make(flytest.Make{App: "web", Name: token.MintName(token.Request{App: "web"})})
	s.Inject(flytest.OpRevoke, flytest.Fail(422, "{}"))
	var failures int
	if _, err = m.RevokeMinted(t.Context(), token.Request{App: "web"}, all(), nil, func(r mint.Revocation) {
		if r.Err != nil && r.ID != "" && r.Again {
			failures++
		}
	}); err != nil || failures != 1 {
		t.Errorf("%d failures, %v", failures, err)
	}
}
