// Package macaroons mints macaroons for tests. Only Fly can mint those that Fly
// accepts. These are valid for the holder of their key.
package macaroons

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// Seed is the input for minting a macaroon.
type Seed struct {
	// Key signs the macaroon. For a discharge it is the key that its ticket
	// seals.
	Key []byte
	// KeyID identifies the key to its issuer. That of a discharge is the ticket
	// of the caveat that it answers.
	KeyID []byte
	// Random distinguishes two macaroons of one key: 16 bytes.
	Random []byte
	// Location is the URL of the service that the macaroon is for, as one of
	// [macaroon.LocationPermission] and its siblings.
	Location string
}

// New mints a macaroon.
func New(seed Seed, caveats ...macaroon.Caveat) (*macaroon.Macaroon, error) {
	m, err := seed.build(false, nil)
	if err != nil {
		return nil, err
	}
	return m.Attenuate(caveats...)
}

// NewDischarge mints the finalized discharge of a third party for the ticket
// seed.KeyID.
func NewDischarge(seed Seed, caveats ...macaroon.Caveat) (*macaroon.Macaroon, error) {
	blank, err := seed.build(false, nil)
	if err != nil {
		return nil, err
	}
	end := len(blank.Encode()) - 2 - sha256.Size
	var wires [][]byte
	for _, c := range caveats {
		one, err := blank.Attenuate(c)
		if err != nil {
			return nil, err
		}
		encoded := one.Encode()
		wires = append(wires, encoded[end:len(encoded)-2-sha256.Size])
	}
	return seed.build(true, wires)
}

// build signs and encodes a macaroon with these types and bodies of caveats.
func (s Seed) build(proof bool, wires [][]byte) (*macaroon.Macaroon, error) {
	var out bytes.Buffer
	enc := msgpack.NewEncoder(&out)
	_ = enc.EncodeArrayLen(4) // a buffer takes everything
	_ = enc.EncodeArrayLen(3)
	_ = enc.EncodeMulti(s.KeyID, s.Random, proof)
	tail := sign(s.Key, out.Bytes()[1:])
	_ = enc.EncodeString(s.Location)
	_ = enc.EncodeArrayLen(2 * len(wires))
	for _, wire := range wires {
		out.Write(wire)
		tail = sign(tail, append([]byte{0x92}, wire...)) // signed as an array of two
	}
	if proof {
		tail = sign([]byte("proof-signature-finalization"), tail)
	}
	_ = enc.EncodeBytes(tail)
	return macaroon.Decode(out.Bytes())
}

// sign returns the HMAC-SHA256 of text under key.
func sign(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// IsUser is a caveat that names the token's user, by a number below 128. It
// restricts nothing.
func IsUser(id byte) macaroon.Other { return macaroon.Other{Type: 10, Body: []byte{0x91, id}} }

// IsMember allows what members of an organization may do.
func IsMember() macaroon.Other { return macaroon.Other{Type: 22, Body: []byte{0x90}} }
