package provider_test

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The numbers of the organizations and apps of [flyWorld] in macaroons.
const (
	acme, globex        uint64 = 41, 42
	web, worker, shop   uint64 = 71, 72, 73
	ownerOfBoth                = "both"
	memberOfGlobexAlone        = "second"
)

// flyWorld has two organizations with apps, a user of both, and a user of only
// the second.
func flyWorld() flytest.World {
	return flytest.World{
		Organizations: []flytest.Organization{{Slug: "acme", NumericID: acme}, {Slug: "globex", NumericID: globex}},
		Apps: []flytest.App{
			{Name: "web", Organization: "acme", NumericID: web},
			{Name: "worker", Organization: "acme", NumericID: worker},
			{Name: "shop", Organization: "globex", NumericID: shop},
		},
		Users: []flytest.User{
			{Name: ownerOfBoth, Organizations: []string{"acme", "globex"}},
			{Name: memberOfGlobexAlone, Organizations: []string{"globex"}},
		},
	}
}

// at are variables that set Fly's APIs to s.
func at(s *flytest.Server) []string {
	return []string{"FLY_API_BASE_URL=" + s.URL(), "FLY_FLAPS_BASE_URL=" + s.URL()}
}

// runner is an environment without flyctl: the APIs of s, a login, and an empty
// PATH.
func runner(t *testing.T, s *flytest.Server, login token.Token) []string {
	t.Helper()
	return append(at(s), "PATH="+t.TempDir(), "FLY_API_TOKEN="+login.Reveal())
}

// answer is an output that holds a data source.
type answer struct {
	Token, Origin, Fingerprint string
	AcquiredAt                 *string    `json:"acquired_at"`
	ExpiresAt                  *time.Time `json:"expires_at"`
	SharedWith                 *string    `json:"shared_with"`
}

// answers reads an output that maps names to data sources.
func (p *process) answers(output string) map[string]answer {
	p.t.Helper()
	text := p.run("output", "-json", output).output
	var got map[string]answer
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) == 0 {
		p.t.Fatalf("%v: %s", err, text)
	}
	return got
}

// unchanged plans, and fails the test for a plan with changes in it.
func (p *process) unchanged() outcome {
	p.t.Helper()
	got := p.run("plan")
	if !strings.Contains(got.output, "No changes.") {
		p.t.Errorf("the plan says:\n%s", got.output)
	}
	return got
}

// quiet plans, and fails the test for a plan with any warning except the one
// about the development build.
func (p *process) quiet() outcome {
	p.t.Helper()
	got := p.unchanged()
	if strings.Count(got.output, "Warning: ") > strings.Count(got.output, "Warning: Provider development overrides") {
		p.t.Errorf("the plan says:\n%s", got.output)
	}
	return got
}

// silent fails the test if a run printed or logged a part of a secret that is
// longer than a prefix. It searches each log once for all secrets.
func silent(t *testing.T, secrets map[string]string, runs ...outcome) {
	t.Helper()
	const window = 8
	parts := make(map[uint64]string)
	for name, secret := range secrets {
		for part := range strings.SplitSeq(secret, ",") {
			for i := len("fm2_"); i+window <= len(part); i++ {
				parts[binary.BigEndian.Uint64([]byte(part[i:]))] = name
			}
		}
	}
	for i, run := range runs {
		var last uint64
		text := run.output + run.trace
		for at := range len(text) {
			last = last<<8 | uint64(text[at])
			if name, ok := parts[last]; ok {
				t.Errorf("run %d shows a part of %s: …%s…", i, name, text[max(0, at-120):min(len(text), at+120)])
				break
			}
		}
	}
}

// opens reports whether the server lets tok read the app.
func opens(t *testing.T, s *flytest.Server, tok, app string) bool {
	t.Helper()
	c, err := flyapi.New(flyapi.Config{BaseURL: s.URL(), MachinesBaseURL: s.URL(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	err = c.Show(t.Context(), parsed(t, tok), app)
	if err != nil && !flyapi.Rejected(err) {
		t.Fatal(err)
	}
	return err == nil
}

func parsed(t *testing.T, text string) token.Token {
	t.Helper()
	tok, err := token.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func bundle(t *testing.T, text string) macaroon.Bundle {
	t.Helper()
	b, err := macaroon.ParseBundle(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
