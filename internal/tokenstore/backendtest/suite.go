// Package backendtest is the test suite for every storage backend: its
// contract, the store's semantics over it, claims, and crashes of processes
// that use it.
package backendtest

import (
	"context"
	"crypto/rand"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// Suite describes a backend to the tests.
type Suite struct {
	// Place returns the name of a new, empty storage, such as a folder or a URL.
	Place func(t testing.TB) string
	// Open returns a backend over that storage, as a separate process would.
	Open func(place string) (tokenstore.Backend, error)
	// Exclusive reports whether a claim's lock excludes every process.
	Exclusive bool
	// Damage replaces a document's content without the backend.
	Damage func(t testing.TB, place string, doc tokenstore.Doc, data []byte)
	// Crashes is the number of processes that the crash test kills.
	Crashes func() int
}

// Run runs the suite.
func (s Suite) Run(t *testing.T) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, Suite)
	}{
		{"Documents", documents},
		{"Versions", versions},
		{"SwapsOnOneVersion", swapsOnOneVersion},
		{"Clock", clock},
		{"Owner", owner},
		{"Minted", mintedRecords},
		{"Scopes", scopes},
		{"Invalidate", invalidate},
		{"Shared", shared},
		{"Misses", misses},
		{"Mints", mints},
		{"DeployTokens", deployTokens},
		{"Manual", manualRecords},
		{"UnknownFields", unknownFields},
		{"Damaged", damaged},
		{"DamagedRecord", damagedRecord},
		{"NewerSchema", newerSchema},
		{"LostAnswers", lostAnswers},
		{"Model", model},
		{"Claim", claims},
		{"ClaimEndsWithProcess", claimEndsWithProcess},
		{"Lease", leases},
		{"LeaseTakenOver", leaseTakenOver},
		{"RoundTrips", roundTrips},
		{"Crash", crash},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, s)
		})
	}
}

const (
	roleVariable  = "BACKENDTEST_ROLE"
	placeVariable = "BACKENDTEST_PLACE"
)

// Main is called by TestMain. In a child process of the suite it performs the
// child's task.
func (s Suite) Main(m *testing.M) {
	name := os.Getenv(roleVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	backend, err := s.Open(os.Getenv(placeVariable))
	if err == nil {
		err = roles()[name](tokenstore.Open(backend, scope))
	}
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

var (
	web   = token.Request{App: "web"}
	scope = tokenstore.Scope{APIBaseURL: "https://api.fly.io", TokenTTL: time.Hour}

	sameToken = cmp.Comparer(func(a, b token.Token) bool { return a == b })

	stateDoc  = tokenstore.Doc{App: "web", Kind: tokenstore.KindState}
	manualDoc = tokenstore.Doc{App: "web", Kind: tokenstore.KindManual}
)

func (s Suite) backend(t testing.TB, place string) tokenstore.Backend {
	t.Helper()
	b, err := s.Open(place)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (s Suite) store(t testing.TB, place string) *tokenstore.Store {
	t.Helper()
	return tokenstore.Open(s.backend(t, place), scope)
}

func record() token.Record {
	tok, err := token.Parse(fakefly.Token{Seed: rand.Text()}.Text())
	if err != nil {
		panic(err)
	}
	now := time.Now().UTC().Round(0)
	return token.Record{Token: tok, Origin: token.SourceCLI, AcquiredAt: now, ExpiresAt: now.Add(24 * time.Hour), TTL: 36 * time.Hour, ID: "id-1"}
}

func manualRecord() token.Record {
	return token.Record{Token: record().Token, Origin: token.SourceManual, AcquiredAt: time.Now().UTC().Round(0)}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, s *tokenstore.Store, req token.Request) token.Stored {
	t.Helper()
	stored, err := s.Load(t.Context(), req)
	ok(t, err)
	return stored
}

func save(t testing.TB, s *tokenstore.Store, req token.Request) token.Record {
	t.Helper()
	rec := record()
	ok(t, s.Save(t.Context(), req, rec, load(t, s, req).Generation))
	return rec
}

func claim(t testing.TB, s *tokenstore.Store, req token.Request) token.Claim {
	t.Helper()
	c, err := s.Claim(t.Context(), req)
	ok(t, err)
	return c
}

func wantRecord(t testing.TB, got, want token.Record) {
	t.Helper()
	if diff := cmp.Diff(want, got, sameToken); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func wantStored(t testing.TB, s *tokenstore.Store, req token.Request, want token.Record) {
	t.Helper()
	wantRecord(t, load(t, s, req).Record, want)
}

func wantManual(t testing.TB, s *tokenstore.Store, want token.Record) {
	t.Helper()
	got, err := s.Manual(t.Context(), "web")
	ok(t, err)
	wantRecord(t, got, want)
}

// counted counts round trips, and drops answers on request.
type counted struct {
	tokenstore.Backend
	loads, swaps int
	// lose decides whether a swap is made, and whether its answer is dropped.
	lose func() (made, lost bool)
	// lockless turns claims into leases.
	lockless bool
}

func (c *counted) Load(ctx context.Context, doc tokenstore.Doc) (tokenstore.Document, error) {
	c.loads++
	return c.Backend.Load(ctx, doc)
}

func (c *counted) Swap(ctx context.Context, doc tokenstore.Doc, data []byte, was tokenstore.Version) (tokenstore.Version, error) {
	c.swaps++
	if c.lose == nil {
		return c.Backend.Swap(ctx, doc, data, was)
	}
	made, lost := c.lose()
	if !made {
		return "", tokenstore.ErrUnknown
	}
	v, err := c.Backend.Swap(ctx, doc, data, was)
	if lost && err == nil {
		return "", tokenstore.ErrUnknown
	}
	return v, err
}

func (c *counted) Claim(ctx context.Context, app string) (func(), bool, error) {
	if c.lockless {
		return func() {}, false, nil
	}
	return c.Backend.Claim(ctx, app)
}
