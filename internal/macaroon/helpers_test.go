package macaroon_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// The organization and the apps of the tests, by number.
const (
	testOrg  = 4721
	testApp  = 8000
	otherApp = 8001
)

// testNow is an arbitrary instant.
var testNow = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // A constant in all but type.

func parse(t testing.TB, text string) macaroon.Bundle {
	t.Helper()
	b, err := macaroon.ParseBundle(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// permission mints a permission macaroon.
func permission(t testing.TB, caveats ...macaroon.Caveat) *macaroon.Macaroon {
	t.Helper()
	m, err := macaroons.New(seed("permission"), caveats...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// discharge mints an authentication discharge for a ticket.
func discharge(t testing.TB, ticket string, caveats ...macaroon.Caveat) *macaroon.Macaroon {
	t.Helper()
	s := seed("discharge")
	s.KeyID, s.Location = []byte(ticket), macaroon.LocationAuthentication
	m, err := macaroons.NewDischarge(s, caveats...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// authentication is the caveat that a discharge for ticket answers.
func authentication(ticket string) macaroon.ThirdParty {
	return macaroon.ThirdParty{
		Location: macaroon.LocationAuthentication, VerifierKey: make([]byte, 60), Ticket: []byte(ticket),
	}
}

func attenuate(t testing.TB, m *macaroon.Macaroon, caveats ...macaroon.Caveat) *macaroon.Macaroon {
	t.Helper()
	m, err := m.Attenuate(caveats...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// organization is the caveat that every Fly token has.
func organization(mask macaroon.Action) macaroon.Organization {
	return macaroon.Organization{ID: testOrg, Mask: mask}
}

// until is a window that ends some time after testNow.
func until(d time.Duration) macaroon.ValidityWindow {
	return macaroon.Window(testNow.Add(-time.Hour), testNow.Add(d))
}

// tailSize is the length of an HMAC-SHA256 in bytes.
const tailSize = sha256.Size

// tail returns the signature of a macaroon: the last link of the HMAC chain.
func tail(m *macaroon.Macaroon) []byte {
	encoded := m.Encode()
	return encoded[len(encoded)-tailSize:]
}

// bindingTo is the caveat that binds a discharge to m and to the macaroons
// attenuated from it.
func bindingTo(m *macaroon.Macaroon) macaroon.Other {
	sum := sha256.Sum256(tail(m))
	return binding(sum[:16])
}

// bundleJSON writes a bundle as `flyctl tokens debug` does.
func bundleJSON(b macaroon.Bundle) ([]byte, error) {
	type macaroonJSON struct {
		Location string          `json:"location"`
		Caveats  json.RawMessage `json:"caveats"`
	}
	list := []macaroonJSON{}
	for _, m := range b.Macaroons() {
		caveats, err := macaroon.CaveatsJSON(m.Caveats())
		if err != nil {
			return nil, err
		}
		list = append(list, macaroonJSON{Location: m.Location(), Caveats: caveats})
	}
	return json.Marshal(list)
}

// signedBy reports whether m, minted again with the key, has the same bytes.
func signedBy(t testing.TB, m *macaroon.Macaroon, key []byte) bool {
	t.Helper()
	mint := macaroons.New
	if m.IsProof() {
		mint = macaroons.NewDischarge
	}
	keyID, random := nonce(t, m)
	again, err := mint(macaroons.Seed{Key: key, KeyID: keyID, Random: random, Location: m.Location()}, m.Caveats()...)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(again.Encode(), m.Encode())
}

// nonce returns the key id and the random part of a macaroon.
func nonce(t testing.TB, m *macaroon.Macaroon) (keyID, random []byte) {
	t.Helper()
	var parts struct {
		_msgpack      struct{} `msgpack:",as_array"`
		KeyID, Random []byte
		Proof         bool
	}
	dec := msgpack.NewDecoder(bytes.NewReader(m.Encode()))
	if _, err := dec.DecodeArrayLen(); err != nil {
		t.Fatal(err)
	}
	if err := dec.Decode(&parts); err != nil {
		t.Fatal(err)
	}
	return parts.KeyID, parts.Random
}

// unseal decrypts ChaCha20-Poly1305 (RFC 8439), for tests only: a nonce of 12
// bytes, the text, and a tag of 16 bytes that is not checked.
func unseal(key, sealed []byte) []byte {
	nonce, text := sealed[:12], sealed[12:len(sealed)-16]
	out := make([]byte, len(text))
	for i := range text {
		if i%64 == 0 {
			copy(out[i:], chachaBlock(key, uint32(1+i/64), nonce))
		}
		out[i] ^= text[i]
	}
	return out
}

func chachaBlock(key []byte, counter uint32, nonce []byte) []byte {
	state := [16]uint32{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 12: counter}
	for i := range 8 {
		state[4+i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	for i := range 3 {
		state[13+i] = binary.LittleEndian.Uint32(nonce[4*i:])
	}
	work := state
	for range 10 {
		for _, q := range [][4]int{
			{0, 4, 8, 12},
			{1, 5, 9, 13},
			{2, 6, 10, 14},
			{3, 7, 11, 15},
			{0, 5, 10, 15},
			{1, 6, 11, 12},
			{2, 7, 8, 13},
			{3, 4, 9, 14},
		} {
			quarterRound(&work[q[0]], &work[q[1]], &work[q[2]], &work[q[3]])
		}
	}
	out := make([]byte, 0, 64)
	for i := range work {
		out = binary.LittleEndian.AppendUint32(out, work[i]+state[i])
	}
	return out
}

func quarterRound(a, b, c, d *uint32) {
	*a += *b
	*d = bits.RotateLeft32(*d^*a, 16)
	*c += *d
	*b = bits.RotateLeft32(*b^*c, 12)
	*a += *b
	*d = bits.RotateLeft32(*d^*a, 8)
	*c += *d
	*b = bits.RotateLeft32(*b^*c, 7)
}

// Types of resources that the package has no exported name for.
const (
	machineFeatureSet macaroon.Type = 14
	clusters          macaroon.Type = 16
	appFeatureSet     macaroon.Type = 28
	storageObjects    macaroon.Type = 29
)

type actions map[string]macaroon.Action

func resources(of macaroon.Type, allowed actions) macaroon.Resources {
	return macaroon.Resources{Of: of, Allowed: allowed}
}

// other is a caveat by its type and body.
func other(of macaroon.Type, body ...byte) macaroon.Other {
	return macaroon.Other{Type: of, Body: body}
}

func binding(digest []byte) macaroon.Other {
	return other(12, append([]byte{0xc4, byte(len(digest))}, digest...)...)
}
