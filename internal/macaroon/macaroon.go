package macaroon

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // A UUID of version 5 is a SHA-1; nothing relies on its strength.
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	tailSize = sha256.Size
	// codeBin8 starts bytes of a length below 256.
	codeBin8 = 0xc4
	// codePair starts an array of two: a caveat as it is signed.
	codePair = 0x92

	prefixCurrent      = "fm2"
	prefixOldGrant     = "fm1r"
	prefixOldDischarge = "fm1a"
)

// Macaroon is one macaroon. It is immutable and safe for concurrent use.
// Callers must not change the values that its methods return.
type Macaroon struct {
	prefix   string
	head     []byte // nonce and location, as in the macaroon
	kid, rnd []byte
	proof    bool
	location string
	caveats  []Caveat
	wire     [][]byte // type and body of each caveat, as in the macaroon
	tail     []byte
}

// Location returns the URL of the service that the macaroon is for.
func (m *Macaroon) Location() string { return m.location }

// Caveats returns the caveats in the order in which they were added.
func (m *Macaroon) Caveats() []Caveat { return m.caveats }

// IsProof reports whether the macaroon is a finished discharge.
func (m *Macaroon) IsProof() bool { return m.proof }

// ID returns the UUID by which superfly/macaroon names a macaroon. Macaroons
// attenuated from one macaroon share its ID. The ID is not a secret.
func (m *Macaroon) ID() string {
	// The name space is the one in nonce.go of superfly/macaroon.
	space := []byte{0x96, 0x8f, 0xc2, 0xc6, 0xa9, 0x4f, 0x49, 0x88, 0xa5, 0x44, 0x2a, 0xd7, 0x2b, 0x02, 0xf2, 0x22}
	id := hex.EncodeToString(uuidV5(uuidV5(space, m.kid), m.rnd))
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

// uuidV5 returns the UUID of a name in a name space (RFC 9562).
func uuidV5(space, name []byte) []byte {
	sum := sha1.Sum(append(bytes.Clone(space), name...)) //nolint:gosec // The RFC wants it.
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	return sum[:16]
}

// Attenuate returns a copy of m with more caveats. It needs no key. A caveat
// that m already has, byte for byte, is not added again. A finished discharge is
// an error, because its tail cannot sign further caveats.
func (m *Macaroon) Attenuate(caveats ...Caveat) (*Macaroon, error) {
	if m.proof {
		return nil, errors.New("a finalized discharge cannot be attenuated")
	}
	next := *m
	next.caveats = append(make([]Caveat, 0, len(m.caveats)+len(caveats)), m.caveats...)
	next.wire = append(make([][]byte, 0, len(m.wire)+len(caveats)), m.wire...)
	for _, c := range caveats {
		wire, c, err := encodeCaveat(c)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(next.wire, func(w []byte) bool { return bytes.Equal(w, wire) }) {
			continue
		}
		next.caveats = append(next.caveats, c)
		next.wire = append(next.wire, wire)
		next.tail = sign(next.tail, []byte{codePair}, wire)
	}
	return &next, nil
}

// Encode returns the macaroon as msgpack. For a decoded macaroon these are the
// original bytes.
func (m *Macaroon) Encode() []byte {
	return slices.Concat(
		arrayHeader(4), m.head, arrayHeader(2*len(m.wire)), slices.Concat(m.wire...), []byte{codeBin8, tailSize}, m.tail,
	)
}

// Reveal returns the token text, "fm2_" and base64. It must not be logged.
func (m *Macaroon) Reveal() string {
	return m.prefix + "_" + base64.StdEncoding.EncodeToString(m.Encode())
}

// Format writes a mask that names the macaroon by its id, for every verb.
func (m *Macaroon) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "macaroon(%s)", m.ID()) }

func sign(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
