package vault_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/vaulttest"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/vault"
)

// patience is the timeout of tests that expect an answer.
const patience = 30 * time.Second

var manual = tokenstore.Doc{App: "web", Kind: tokenstore.KindManual}

func open(s *vaulttest.Server, token string) *vault.Backend {
	return vault.Open(vault.Settings{Mount: "secret", Path: "fly-tokens", Address: s.Address, Token: token, Timeout: patience})
}

// load returns a document that must be readable.
func load(t *testing.T, b *vault.Backend, doc tokenstore.Doc) tokenstore.Document {
	t.Helper()
	d, err := b.Load(t.Context(), doc)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// swap makes a change that must succeed.
func swap(t *testing.T, b *vault.Backend, doc tokenstore.Doc, data string, was tokenstore.Version) tokenstore.Version {
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
	s := vaulttest.Start(t, vaulttest.Config{})
	b := open(s, s.RootToken)
	d := load(t, b, manual)
	if d.Data != nil {
		t.Fatalf("found %q before anything was written", d.Data)
	}
	first := swap(t, b, manual, `{"a": 1}`, d.Version)
	if d = load(t, b, manual); string(d.Data) != `{"a": 1}` || d.Version != first {
		t.Errorf("got %q at %q, want what was written at %q", d.Data, d.Version, first)
	}
	second := swap(t, b, manual, `{"a": 2}`, first)
	if _, err := b.Swap(t.Context(), manual, []byte(`{}`), first); !errors.Is(err, tokenstore.ErrConflict) {
		t.Errorf("a swap on an old version: got %v, want ErrConflict", err)
	}
	gone := swap(t, b, manual, "", second)
	if d = load(t, b, manual); d.Data != nil || d.Version != gone {
		t.Errorf("got %q at %q after removal, want nothing at %q", d.Data, d.Version, gone)
	}
	again := swap(t, b, manual, `{"a": 3}`, gone)
	if d = load(t, b, manual); string(d.Data) != `{"a": 3}` || d.Version != again {
		t.Errorf("got %q at %q after removal and creation", d.Data, d.Version)
	}
}

func TestOneOfManySwapsOnAVersionWins(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	b := open(s, s.RootToken)
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

func TestNoReplacedTokenStaysReadable(t *testing.T) {
	t.Parallel()
	const data = `path "secret/data/fly-tokens/*" { capabilities = ["create", "read", "update"] }`
	tests := map[string]struct {
		rules string
		warn  bool
	}{
		"metadata allowed":       {rules: data + `path "secret/metadata/fly-tokens/*" { capabilities = ["create", "update"] }`},
		"only destroy allowed":   {rules: data + `path "secret/destroy/fly-tokens/*" { capabilities = ["update"] }`},
		"neither of them, warns": {rules: data, warn: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := vaulttest.Start(t, vaulttest.Config{})
			s.Policy(t, "team", test.rules)
			b := open(s, s.Token(t, "team"))
			version := load(t, b, manual).Version
			for _, text := range []string{`{"token":"one"}`, `{"token":"two"}`, "", `{"token":"three"}`} {
				version = swap(t, b, manual, text, version)
			}
			var readable []string
			for v := 1; v <= 4; v++ {
				status, body := s.Call(t, s.RootToken, http.MethodGet, fmt.Sprintf("secret/data/fly-tokens/web/manual?version=%d", v), nil)
				if status == http.StatusOK {
					readable = append(readable, string(body))
				}
			}
			warnings := b.Warnings()
			if test.warn {
				if len(warnings) != 1 || !strings.Contains(warnings[0].Detail, "secret/metadata/fly-tokens/web/manual") {
					t.Errorf("got warnings %v, want one that names the path to allow", warnings)
				}
				return
			}
			if len(warnings) != 0 {
				t.Errorf("got warnings %v", warnings)
			}
			if len(readable) != 1 || !strings.Contains(readable[0], "three") {
				t.Errorf("readable versions: %v, want the last alone", readable)
			}
		})
	}
}

func TestDeletedVersionIsNoDocument(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	b := open(s, s.RootToken)
	swap(t, b, manual, `{"a":1}`, load(t, b, manual).Version)
	for name, path := range map[string]string{"deleted": "secret/data/fly-tokens/web/manual", "with its metadata": "secret/metadata/fly-tokens/web/manual"} {
		s.Must(t, http.MethodDelete, path, nil)
		d := load(t, b, manual)
		if d.Data != nil {
			t.Errorf("%s: got %q", name, d.Data)
		}
		swap(t, b, manual, `{"a":2}`, d.Version)
	}
}

func TestForeignSecretIsReturnedAsItIs(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	s.Must(t, http.MethodPost, "secret/data/fly-tokens/web/manual", map[string]any{"data": map[string]any{"user": "somebody"}})
	if d := load(t, open(s, s.RootToken), manual); string(d.Data) != `{"user":"somebody"}` {
		t.Errorf("got %q", d.Data)
	}
}

func TestServerMakesTheOrder(t *testing.T) {
	t.Parallel()
	s := vaulttest.Start(t, vaulttest.Config{})
	b, other := open(s, s.RootToken), open(s, "no-such-token")
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
	after, end, err := b.Now(t.Context())
	if err != nil || after < from || end < after {
		t.Errorf("got %d to %d after %d, %v", after, end, from, err)
	}
}
