package macaroon_test

import (
	"bytes"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// addMacaroons seeds a fuzz target with macaroons, good and hostile. The large
// ones are left to their own test, because they only slow the fuzzer down.
func addMacaroons(f *testing.F) {
	f.Helper()
	for _, m := range readGolden(f).Macaroons {
		f.Add([]byte(m.Macaroon))
	}
	f.Add(everyCaveat(f).Encode())
	for _, h := range hostile(f) {
		if len(h.encoded) < 4096 {
			f.Add(h.encoded)
		}
	}
}

// ask calls every method that reads a macaroon. None may panic.
func ask(b macaroon.Bundle) {
	for _, m := range b.Macaroons() {
		_, _ = m.Apps()
		_, _ = m.ID(), m.NotBefore()
	}
	_ = b.Expiry(testNow)
	_ = b.Permits(request(read, onApp(testApp)))
	_ = b.ProveReadOnly(testApp)
	_ = b.ProveDeploy(testApp)
	_ = b.Usable(testNow).ForOrganization(testOrg)
}

func FuzzDecode(f *testing.F) {
	addMacaroons(f)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		m, err := macaroon.Decode(encoded)
		if err != nil {
			return
		}
		if !bytes.Equal(m.Encode(), encoded) {
			t.Fatal("it encodes to other bytes")
		}
		b := macaroon.NewBundle(m)
		ask(b)
		if _, err := bundleJSON(b); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	g := readGolden(f)
	f.Add(g.ThirdParty.Bundle)
	f.Add("Bearer FlyV1 fo1_made-up," + g.Macaroons[0].Token + " , fm1r_lA==")
	for _, name := range []string{"ro", "dep", "org", "ssh"} {
		f.Add(string(readFile(f, filepath.Join("testdata", "fake-"+name+".token"))))
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := macaroon.ParseBundle(text)
		if err != nil {
			return
		}
		again, err := macaroon.ParseBundle(b.Reveal())
		if err != nil || again.Reveal() != b.Reveal() {
			t.Fatalf("read again, it is a different bundle: %v", err)
		}
		ask(b)
		usable := b.Usable(testNow)
		if !usable.Expiry(testNow).IsZero() && usable.Expiry(testNow).Before(testNow) {
			t.Fatal("what is usable has expired")
		}
		narrowed, err := usable.Attenuate(macaroon.Window(testNow, testNow.Add(time.Hour)))
		if err == nil && narrowed.Expiry(testNow).After(testNow.Add(time.Hour)) {
			t.Fatal("narrowed, it lives longer than it may")
		}
	})
}

// FuzzRoundTrip decodes a macaroon, encodes each caveat by its fields, decodes
// the result and expects the same caveats.
func FuzzRoundTrip(f *testing.F) {
	addMacaroons(f)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		m, err := macaroon.Decode(encoded)
		if err != nil {
			return
		}
		var caveats []macaroon.Caveat
		parties := map[string]bool{}
		for _, c := range m.Caveats() {
			if tp, ok := c.(macaroon.ThirdParty); ok {
				if parties[tp.Location] {
					return
				}
				parties[tp.Location] = true
			}
			caveats = append(caveats, c)
		}
		built, err := macaroons.NewDischarge(seed("round"), caveats...)
		if err != nil {
			t.Skip("a second third party inside IfPresent")
		}
		again, err := macaroon.Decode(built.Encode())
		if err != nil {
			t.Fatal(err)
		}
		// Not cmp.Diff, which takes exponential time over nested IfPresent.
		if !reflect.DeepEqual(built.Caveats(), again.Caveats()) {
			t.Fatal("the decoded caveats differ from the built ones")
		}
		rebuilt, err := macaroons.NewDischarge(seed("round"), again.Caveats()...)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(rebuilt.Encode(), built.Encode()) {
			t.Fatal("encoded again, it is a different macaroon")
		}
		if !signedBy(t, built, []byte("round")) {
			t.Fatal("another signature")
		}
	})
}
