package provider_test

import (
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// carriedOut are the ways in which a server carries out requests and loses
// their answers, by a name that HCL accepts.
func carriedOut(times int) map[string]flytest.Fault {
	return map[string]flytest.Fault{
		"s500":   flytest.After(times, flytest.Fail(500, `{"error":"oops"}`)),
		"s502":   flytest.After(times, flytest.Fail(502, "")),
		"s503":   flytest.After(times, flytest.Fail(503, "")),
		"s504":   flytest.After(times, flytest.Fail(504, "")),
		"cut":    flytest.Lost(times),
		"goaway": flytest.LostToGoAway(times),
	}
}

// lossy is a project with a separate provider, server and storage for each
// fault, so that one run of the engine covers all of them.
type lossy struct {
	*process
	servers map[string]*flytest.Server
}

// newLossy uses block, a resource or the like with a %s for the fault's name, once
// for each fault.
func newLossy(t *testing.T, block string) lossy {
	t.Helper()
	config, dir := "", t.TempDir()
	l := lossy{servers: make(map[string]*flytest.Server)}
	for _, name := range slices.Sorted(maps.Keys(carriedOut(1))) {
		world := flyWorld()
		world.TLS = name == "goaway"
		s := flytest.New(t, world)
		l.servers[name] = s
		config += fmt.Sprintf(`
provider "fly" {
  alias        = %[1]q
  access_token = %[2]q
  sources      = ["storage", "api"]
  storage      = { path = %[3]q }
  api = {
    base_url          = %[4]q
    machines_base_url = %[4]q
  }
}
`, name, s.Login(ownerOfBoth).Reveal(), filepath.Join(dir, name), s.URL())
		config += strings.ReplaceAll(block, "%s", name)
	}
	roots := filepath.Join(dir, "roots.pem")
	certificate := l.servers["goaway"].Certificate().Raw
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600); err != nil {
		t.Fatal(err)
	}
	l.process = start(t, config, "PATH="+t.TempDir(), "SSL_CERT_FILE="+roots)
	return l
}

// inject has each server lose the answers to op in its own way.
func (l lossy) inject(op flytest.Operation, times int) {
	for name, fault := range carriedOut(times) {
		l.servers[name].Inject(op, fault)
	}
}

// reset removes the faults of every server.
func (l lossy) reset() {
	for _, s := range l.servers {
		s.Reset()
	}
}

// alive fails the test unless this number of tokens is live at each server.
func (l lossy) alive(when string, want int, got outcome) {
	l.t.Helper()
	for name, s := range l.servers {
		if ids := live(s); len(ids) != want {
			l.t.Errorf("%s: %s: %v is live, want %d:\n%s", when, name, ids, want, got.output)
		}
	}
}

// reads fails the test unless the engine printed, of each fault, an error with the
// words wanted, and no error of a fault without any.
func (l lossy) reads(got outcome, title string, want map[string]string) {
	l.t.Helper()
	said := make(map[string]string)
	for _, block := range strings.Split(got.output, "Error: ")[1:] {
		for name := range l.servers {
			if strings.Contains(block, "."+name+",") {
				said[name] = strings.Join(strings.Fields(block), " ")
			}
		}
	}
	for name := range l.servers {
		text, words := said[name], want[name]
		if (words == "") != (text == "") || !strings.Contains(text, words) || text != "" && !strings.HasPrefix(text, title) {
			l.t.Errorf("%s: the user reads %q, want %q under %q", name, text, words, title)
		}
	}
}

// noMint holds the errors for a mint whose answer was lost. After a 502 or 503
// the mint is repeated, so these cause no error.
func noMint() map[string]string {
	return map[string]string{
		"s500":   `Fly's API reports a failure (HTTP 500, "oops")`,
		"s504":   "Fly's API reports a failure (HTTP 504)",
		"cut":    "closed the connection without an answer",
		"goaway": "closed the connection without an answer",
	}
}

// owners are the kinds of block that make a provider mint. The first %s is the
// fault's name, the second its provider's.
var owners = map[string]struct {
	block, title string
	// owned is the number of tokens after a successful run.
	owned int
	// swept means that the next run revokes tokens that could not be looked up.
	swept bool
	needs []engine.Feature
}{
	"data source": {
		block: "data \"fly_app_token\" \"%s\" {\n  provider = fly.%s\n  app = \"web\"\n}\n",
		title: "Unable to Read Fly App Token", owned: 1,
	},
	"ephemeral": {
		block: "ephemeral \"fly_app_token\" \"%s\" {\n  provider = fly.%s\n  app = \"web\"\n}\n",
		title: "Unable to Read Fly App Token", owned: 1, needs: []engine.Feature{engine.EphemeralResources},
	},
	"revoke_on_close": {
		block: "ephemeral \"fly_app_token\" \"%s\" {\n  provider = fly.%s\n  app = \"web\"\n  revoke_on_close = true\n}\n",
		title: "Unable to Read Fly App Token", swept: true, needs: []engine.Feature{engine.EphemeralResources},
	},
	"deploy token": {
		block: "resource \"fly_deploy_token\" \"%s\" {\n  provider = fly.%s\n  app = \"web\"\n}\n",
		title: "Unable to Mint Fly Deploy Token", owned: 1, swept: true,
	},
}

// Where Fly mints and its answer is lost, no token is left without an owner, and the
// next run mints what the first one could not.
func TestAccProcessMintAnswerLost(t *testing.T) {
	t.Parallel()
	for name, owner := range owners {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requires(t, owner.needs...)
			l := newLossy(t, owner.block)
			l.inject(flytest.OpMint, 1)
			l.reads(l.try("apply", "-auto-approve"), owner.title, noMint())
			l.reset()
			l.alive("after the next apply", owner.owned, l.run("apply", "-auto-approve"))
		})
	}
}

// The same if the lists of tokens fail too. The mint stays announced, and the
// next run looks for the token.
func TestAccProcessMintAnswerAndListLost(t *testing.T) {
	t.Parallel()
	for name, owner := range owners {
		if !owner.swept {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requires(t, owner.needs...)
			l := newLossy(t, owner.block)
			l.inject(flytest.OpMint, 1)
			for _, s := range l.servers {
				s.Inject(flytest.OpList, flytest.Fail(500, ""))
			}
			want := map[string]string{
				"s502": "cannot check whether a repeated mint made more than one token",
				"s503": "cannot check whether a repeated mint made more than one token",
			}
			for name := range noMint() {
				want[name] = "Fly may still have minted a token, and it could not be revoked"
			}
			l.reads(l.try("apply", "-auto-approve"), owner.title, want)
			l.reset()
			l.alive("after the next apply", owner.owned, l.run("apply", "-auto-approve"))
		})
	}
}

// Where Fly revokes and the answers are lost, the revocation is repeated, and a user
// reads nothing of it.
func TestAccProcessRevocationAnswerLost(t *testing.T) {
	t.Parallel()
	for name, owner := range owners {
		if !owner.swept {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requires(t, owner.needs...)
			l := newLossy(t, owner.block)
			if owner.owned > 0 {
				l.run("apply", "-auto-approve")
			}
			l.inject(flytest.OpRevoke, 2)
			verb := "apply"
			if owner.owned > 0 {
				verb = "destroy"
			}
			got := l.run(verb, "-auto-approve")
			l.alive("after "+verb, 0, got)
			// The engine itself warns that the provider is a development build.
			if strings.Count(got.output, "Warning: ") != 1 {
				t.Errorf("the user reads:\n%s", got.output)
			}
			for name, s := range l.servers {
				if n, tokens := s.Count(flytest.OpRevoke), len(s.Issued()); n != tokens+2 {
					t.Errorf("%s: %d requests for %d tokens, two of whose answers were lost", name, n, tokens)
				}
			}
		})
	}
}
