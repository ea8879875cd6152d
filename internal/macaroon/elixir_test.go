package macaroon_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// elixir is test/vectors.json of superfly/macaroon-elixir, which is not committed
// here: its tests run where it is found beside the checkout.
type elixir struct {
	Location    string                       `json:"location"`
	Key         []byte                       `json:"key"`
	KeyID       []byte                       `json:"kid"`
	Macaroons   map[string]string            `json:"macaroons"`
	Attenuation map[string]map[string]string `json:"attenuation"`
	Caveats     map[string][]byte            `json:"caveats"`
	WithTPs     string                       `json:"with_tps"`
}

func readElixir(t *testing.T) elixir {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "vectors", "superfly-macaroon-elixir-vectors.json")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the vectors of superfly/macaroon-elixir are not here")
	}
	var v elixir
	readJSON(t, path, &v)
	return v
}

func TestElixirMacaroons(t *testing.T) {
	t.Parallel()
	v := readElixir(t)
	for name, header := range v.Macaroons {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := parse(t, header)
			if got := "FlyV1 " + b.Reveal(); got != header {
				t.Error("encodes to another text")
			}
			m := b.Macaroons()[0]
			if len(m.Caveats()) != 1 || m.Location() != v.Location {
				t.Fatalf("%d caveats for %s", len(m.Caveats()), m.Location())
			}
			if !m.IsProof() && (!m.SignedBy(v.Key) || !bytes.Equal(m.KeyID(), v.KeyID)) {
				t.Error("another signature, or another key id")
			}
		})
	}
}

func TestElixirCaveats(t *testing.T) {
	t.Parallel()
	for name, wire := range readElixir(t).Caveats {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := macaroon.Decode(withWire(t, wire))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(m.Encode(), withWire(t, wire)) {
				t.Error("decoded, it encodes to other bytes")
			}
			switch c := m.Caveats()[0].(type) {
			case macaroon.FlyioUserID, macaroon.GitHubUserID, macaroon.GoogleUserID:
			default:
				if again := rebuilt(t, c); !bytes.Equal(again, withWire(t, wire)[:len(again)]) {
					t.Errorf("encoded by its fields: %x", again)
				}
			}
		})
	}
}

func TestElixirAttenuation(t *testing.T) {
	t.Parallel()
	v := readElixir(t)
	for base, results := range v.Attenuation {
		for caveat, want := range results {
			t.Run(caveat, func(t *testing.T) {
				t.Parallel()
				list := parse(t, base).Macaroons()
				for i, m := range list {
					if m.Location() == v.Location {
						list[i] = attenuate(t, m, fromBase64(t, caveat)...)
					}
				}
				if got := "FlyV1 " + macaroon.NewBundle(list...).Reveal(); got != want {
					t.Error("attenuates to another token")
				}
			})
		}
	}
}

func TestElixirThirdParties(t *testing.T) {
	t.Parallel()
	v := readElixir(t)
	list := parse(t, v.WithTPs).Macaroons()
	parties := list[0].ThirdParties()
	if len(parties) != 2 || !list[0].SignedBy(v.Key) {
		t.Fatalf("%d third parties, or another signature", len(parties))
	}
	if !bytes.Equal(list[1].KeyID(), parties[0].Ticket) || bytes.Equal(list[1].KeyID(), parties[1].Ticket) {
		t.Error("the discharge answers another third party")
	}
}
