package s3_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/s3test"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/s3"
)

// patience is the timeout of tests that expect an answer.
const patience = 30 * time.Second

var manual = tokenstore.Doc{App: "web", Kind: tokenstore.KindManual}

// TestMain sets credentials for the tests, and hides those of the machine.
func TestMain(m *testing.M) {
	for _, name := range os.Environ() {
		if name, _, _ = strings.Cut(name, "="); strings.HasPrefix(name, "AWS_") {
			_ = os.Unsetenv(name)
		}
	}
	nowhere := filepath.Join(os.DevNull, "aws")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":           s3test.AccessKey,
		"AWS_SECRET_ACCESS_KEY":       s3test.SecretKey,
		"AWS_CONFIG_FILE":             nowhere,
		"AWS_SHARED_CREDENTIALS_FILE": nowhere,
		"AWS_EC2_METADATA_DISABLED":   "true",
	} {
		_ = os.Setenv(name, value)
	}
	suite(nil).Main(m)
}

func settings(endpoint string) s3.Settings {
	return s3.Settings{Bucket: "tokens", Prefix: "fly", Endpoint: endpoint, PathStyle: true, Timeout: patience}
}

// start returns a server with a bucket.
func start(t *testing.T) *s3test.Server {
	t.Helper()
	s := s3test.Start(t, s3test.Config{})
	s.Bucket(t, "tokens")
	return s
}

// load returns a document that must be readable.
func load(t *testing.T, b *s3.Backend, doc tokenstore.Doc) tokenstore.Document {
	t.Helper()
	d, err := b.Load(t.Context(), doc)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// swap makes a change that must succeed.
func swap(t *testing.T, b *s3.Backend, doc tokenstore.Doc, data string, was tokenstore.Version) tokenstore.Version {
	t.Helper()
	var bytes []byte
	if data != "" {
		bytes = []byte(data)
	}
	version, err := b.Swap(t.Context(), doc, bytes, was)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

func TestSwapCreatesReplacesAndRemoves(t *testing.T) {
	t.Parallel()
	b := s3.Open(settings(start(t).Endpoint))
	d := load(t, b, manual)
	if d.Data != nil {
		t.Fatalf("found %q before anything was written", d.Data)
	}
	first := swap(t, b, manual, `{"a": 1}`, d.Version)
	if d = load(t, b, manual); string(d.Data) != `{"a": 1}` || d.Version != first {
		t.Errorf("got %q at %q, want what was written at %q", d.Data, d.Version, first)
	}
	second := swap(t, b, manual, `{"a": 2}`, first)
	for name, data := range map[string][]byte{"replace": []byte(`{}`), "remove": nil} {
		for _, was := range []tokenstore.Version{first, ""} {
			if _, err := b.Swap(t.Context(), manual, data, was); !errors.Is(err, tokenstore.ErrConflict) {
				t.Errorf("%s version %q: got %v, want ErrConflict", name, was, err)
			}
		}
	}
	gone := swap(t, b, manual, "", second)
	if d = load(t, b, manual); d.Data != nil || d.Version != gone {
		t.Errorf("got %q at %q after removal, want nothing at %q", d.Data, d.Version, gone)
	}
	if _, err := b.Swap(t.Context(), manual, []byte(`{}`), second); !errors.Is(err, tokenstore.ErrConflict) {
		t.Errorf("replace what was removed: got %v, want ErrConflict", err)
	}
	swap(t, b, manual, `{"a": 3}`, gone)
}

func TestOneOfManySwapsOnAVersionWins(t *testing.T) {
	t.Parallel()
	b := s3.Open(settings(start(t).Endpoint))
	was := load(t, b, manual).Version
	for round := range 3 {
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				_, err := b.Swap(t.Context(), manual, fmt.Appendf(nil, `{"round":%d,"i":%d}`, round, i), was)
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, tokenstore.ErrConflict):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 29 {
			t.Errorf("round %d: %d won and %d lost, want 1 and 29", round, won.Load(), lost.Load())
		}
		was = load(t, b, manual).Version
	}
}

func TestServerMakesTheOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, other := s3.Open(settings(s.Endpoint)), s3.Open(settings(s.Endpoint))
	from, _, err := b.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	swap(t, b, manual, `{"a":1}`, load(t, b, manual).Version)
	_, to, err := other.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if from >= to {
		t.Errorf("before a write it is at least %d, after it at most %d", from, to)
	}
}

func TestLocations(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string][2]string{
		"fly/prod/": {"s3://tokens/fly/prod", "s3://tokens/fly/prod/web/manual.json"},
		"":          {"s3://tokens", "s3://tokens/web/manual.json"},
	} {
		b := s3.Open(s3.Settings{Bucket: "tokens", Prefix: prefix})
		if got := [2]string{b.String(), b.Locate(manual)}; got != want {
			t.Errorf("prefix %q: got %q, want %q", prefix, got, want)
		}
	}
}
