package dir_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/backendtest"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/dir"
)

// crashes is the number of kills in the crash test; `make crash` uses a
// thousand.
var crashes = flag.Int("crashes", 25, "how many processes the crash test kills")

func suite() backendtest.Suite {
	return backendtest.Suite{
		Place: func(t testing.TB) string { return filepath.Join(t.TempDir(), "storage") },
		Open: func(place string) (tokenstore.Backend, error) {
			return dir.Open(place), nil
		},
		Exclusive: true,
		Damage: func(t testing.TB, place string, doc tokenstore.Doc, data []byte) {
			t.Helper()
			if err := os.WriteFile(dir.Open(place).Locate(doc), data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		Crashes: func() int { return *crashes },
	}
}

// strangerVariable names the storage that a different user tries to use.
const strangerVariable = "DIR_TEST_STRANGER"

func TestMain(m *testing.M) {
	root := os.Getenv(strangerVariable)
	if root == "" {
		suite().Main(m)
		return
	}
	if err := stranger(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestBackend(t *testing.T) {
	t.Parallel()
	suite().Run(t)
}
