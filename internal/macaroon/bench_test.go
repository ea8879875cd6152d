package macaroon_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// benchmarked returns a permission macaroon whose token text is 600 bytes long,
// with the caveats of Fly's deploy tokens.
func benchmarked(t testing.TB) *macaroon.Macaroon {
	t.Helper()
	m := permission(
		t, organization(all), ifs(read, macaroon.Apps{testApp: all}, resources(macaroon.FeatureSet, actions{"builder": all, "wg": all})),
		until(time.Hour), macaroon.ThirdParty{
			Location: macaroon.LocationAuthentication, VerifierKey: make([]byte, 60), Ticket: make([]byte, 198),
		}, macaroons.IsMember(), macaroon.Mutations{"issueCertificate", "x"},
	)
	if n := len(m.Reveal()); n != 600 {
		t.Fatalf("the token has %d bytes, not 600", n)
	}
	return m
}

// decodePlain decodes msgpack into any, as a comparison that knows nothing
// about macaroons.
func decodePlain(encoded []byte) (any, error) {
	dec := msgpack.NewDecoder(bytes.NewReader(encoded))
	dec.SetMapDecoder(func(d *msgpack.Decoder) (any, error) { return d.DecodeUntypedMap() })
	return dec.DecodeInterface()
}

func TestDecodeAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts the whole process.
	encoded := benchmarked(t).Encode()
	got := testing.AllocsPerRun(100, func() {
		if _, err := macaroon.Decode(encoded); err != nil {
			t.Error(err)
		}
	})
	if got > 40 {
		t.Errorf("%.0f allocations for a token of 600 bytes, want at most 40", got)
	}
}

func BenchmarkDecode(b *testing.B) {
	encoded := benchmarked(b).Encode()
	b.Run("impl=macaroon", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := macaroon.Decode(encoded); err != nil {
				b.Fatal(err)
			}
		}
	})
	benchmarkPlain(b, encoded)
}

// BenchmarkAttenuate narrows a token to one app and encodes the result.
func BenchmarkAttenuate(b *testing.B) {
	m := benchmarked(b)
	caveats := append(macaroon.ReadOnly(testApp), until(time.Minute))
	b.Run("impl=macaroon", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			narrowed, err := m.Attenuate(caveats...)
			if err != nil {
				b.Fatal(err)
			}
			_ = narrowed.Encode()
		}
	})
	benchmarkPlain(b, m.Encode())
}

func benchmarkPlain(b *testing.B, encoded []byte) {
	b.Helper()
	b.Run("impl=any", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decodePlain(encoded); err != nil {
				b.Fatal(err)
			}
		}
	})
}
