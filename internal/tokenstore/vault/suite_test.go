package vault_test

import (
	"crypto/rand"
	"flag"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/backendtest"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/vault"
)

// crashes is how often the crash test kills; `make crash` does so a thousand times.
var crashes = flag.Int("crashes", 10, "how many processes the crash test kills")

// suite is over a server, which a child process does not need: a place names it.
func suite(s *vaulttest.Server) backendtest.Suite {
	at := func(place string) *vault.Backend {
		address, rest, _ := strings.Cut(place, " ")
		login, path, _ := strings.Cut(rest, " ")
		return vault.Open(vault.Settings{Mount: "secret", Path: path, Address: address, Token: login, Timeout: patience})
	}
	return backendtest.Suite{
		Place: func(testing.TB) string { return s.Address + " " + s.RootToken + " " + strings.ToLower(rand.Text()) },
		Open:  func(place string) (tokenstore.Backend, error) { return at(place), nil },
		Damage: func(t testing.TB, place string, doc tokenstore.Doc, data []byte) {
			t.Helper()
			backendtest.Overwrite(t, at(place), doc, data)
		},
		Crashes: func() int { return *crashes },
	}
}

func TestMain(m *testing.M) { suite(nil).Main(m) }

func TestBackend(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	suite(s).Run(t)
}
