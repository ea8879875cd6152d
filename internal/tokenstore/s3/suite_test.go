package s3_test

import (
	"crypto/rand"
	"flag"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/s3test"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/backendtest"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/s3"
)

// crashes is how often the crash test kills; `make crash` does so a thousand times.
var crashes = flag.Int("crashes", 10, "how many processes the crash test kills")

// suite is over a server, which a child process does not need: a place names it.
func suite(s *s3test.Server) backendtest.Suite {
	at := func(place string) *s3.Backend {
		endpoint, prefix, _ := strings.Cut(place, " ")
		set := settings(endpoint)
		set.Prefix = prefix
		return s3.Open(set)
	}
	return backendtest.Suite{
		Place: func(testing.TB) string { return s.Endpoint + " " + strings.ToLower(rand.Text()) },
		Open:  func(place string) (tokenstore.Backend, error) { return at(place), nil },
		Damage: func(t testing.TB, place string, doc tokenstore.Doc, data []byte) {
			t.Helper()
			backendtest.Overwrite(t, at(place), doc, data)
		},
		Crashes: func() int { return *crashes },
	}
}

func TestBackend(t *testing.T) {
	t.Parallel()
	suite(start(t)).Run(t)
}
