package flytest_test

import (
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// TestServerJudgesByCaveats checks that the server decides by the caveats of
// deploy tokens, organization tokens and tokens narrowed from them.
func TestServerJudgesByCaveats(t *testing.T) {
	t.Parallel()
	acme := flytest.Organization{Slug: "acme", NumericID: 7}
	s := flytest.New(t, flytest.World{
		Organizations: []flytest.Organization{acme},
		Apps:          []flytest.App{{Name: "web", Organization: "acme"}, {Name: "worker", Organization: "acme"}},
		Users:         []flytest.User{{Name: "member", Organizations: []string{"acme"}}, {Name: "stranger"}},
	})
	attempts := []flytest.Attempt{
		flytest.ReadApp("web"), flytest.CreateMachine("web"), flytest.CreateMachine("worker"), flytest.CreateMachine("missing"),
		flytest.Exec("web", "ls"), flytest.IssueCertificate("web"), flytest.IssueCertificate("worker"), flytest.AddPeer(acme),
	}
	deploy := s.Make(flytest.Make{App: "web"})
	b, err := macaroon.ParseBundle(deploy.Reveal())
	if err == nil {
		b, err = b.Attenuate(macaroon.ActionRead)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ header, want string }{
		"deploy":            {deploy.AuthorizationHeader(), "yynnyyny"},
		"a reader":          {"FlyV1 " + b.Reveal(), "ynnnnnnn"},
		"organization":      {s.Make(flytest.Make{Organization: "acme"}).AuthorizationHeader(), "yyynyyyy"},
		"member":            {s.Login("member").AuthorizationHeader(), "yyynyyyy"},
		"stranger":          {s.Login("stranger").AuthorizationHeader(), "nnnnnnnn"},
		"without discharge": {s.Make(flytest.Make{App: "web", NoDischarge: true}).AuthorizationHeader(), "nnnnnnnn"},
	} {
		got := ""
		for _, a := range attempts {
			if s.Allows(test.header, a) {
				got += "y"
			} else {
				got += "n"
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
