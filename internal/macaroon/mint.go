package macaroon

import (
	"bytes"
	"errors"
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
	// [LocationPermission] and its siblings.
	Location string
}

// New mints a macaroon. Only Fly can mint macaroons that Fly accepts. This one
// is valid for the holder of the key.
func New(seed Seed, caveats ...Caveat) (*Macaroon, error) { return seed.mint(false, caveats) }

// NewDischarge mints the finalized discharge of a third party for the ticket
// seed.KeyID.
func NewDischarge(seed Seed, caveats ...Caveat) (*Macaroon, error) {
	m, err := seed.mint(true, caveats)
	if err != nil {
		return nil, err
	}
	m.tail = sign([]byte(finalization), m.tail)
	return m, nil
}

func (s Seed) mint(proof bool, caveats []Caveat) (*Macaroon, error) {
	if len(s.Random) != 16 {
		return nil, errors.New("macaroon: mint: the random part is not 16 bytes")
	}
	w := newWriter()
	w.array(3)
	w.bytes(s.KeyID)
	w.bytes(s.Random)
	w.bool(proof)
	nonce := w.buf.Len()
	w.string(s.Location)
	if w.err != nil {
		return nil, w.err
	}
	head := w.buf.Bytes()
	m := &Macaroon{
		prefix: prefixCurrent, head: head, kid: bytes.Clone(s.KeyID), rnd: bytes.Clone(s.Random), proof: proof,
		location: s.Location, tail: sign(s.Key, head[:nonce]),
	}
	return m.extend(caveats)
}
