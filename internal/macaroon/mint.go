package macaroon

import (
	"bytes"
	"crypto/hmac"
	"errors"
)

// Seed is what a macaroon is minted from.
type Seed struct {
	// Key signs the macaroon. For a discharge it is the key that its ticket
	// seals.
	Key []byte
	// KeyID tells the issuer which key it was. A discharge's is the ticket of
	// the caveat that it answers.
	KeyID []byte
	// Random is what tells two macaroons of one key apart: 16 bytes.
	Random []byte
	// Location is the URL of the service that the macaroon is for, as one of
	// [LocationPermission] and its siblings.
	Location string
}

// New mints a macaroon. Only Fly can mint those that Fly accepts; this one is for
// whoever holds the key.
func New(seed Seed, caveats ...Caveat) (*Macaroon, error) {
	m, err := seed.mint(false)
	if err != nil {
		return nil, err
	}
	return m.extend(caveats)
}

// NewDischarge mints the finished discharge of a third party, which answers the
// ticket seed.KeyID.
func NewDischarge(seed Seed, caveats ...Caveat) (*Macaroon, error) {
	m, err := seed.mint(true)
	if err != nil {
		return nil, err
	}
	if m, err = m.extend(caveats); err != nil {
		return nil, err
	}
	m.tail = sign([]byte(finalization), m.tail)
	return m, nil
}

func (s Seed) mint(proof bool) (*Macaroon, error) {
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
	return &Macaroon{
		prefix: prefixCurrent, head: head, kid: bytes.Clone(s.KeyID), rnd: bytes.Clone(s.Random), proof: proof,
		location: s.Location, tail: sign(s.Key, head[:nonce]),
	}, nil
}

// SignedBy reports whether key, through every caveat, leads to the tail of m.
func (m *Macaroon) SignedBy(key []byte) bool {
	nonce, err := newReader(m.head).nonceSize()
	if err != nil {
		return false
	}
	tail := sign(key, m.head[:nonce])
	for _, wire := range m.wire {
		tail = sign(tail, []byte{codePair}, wire)
	}
	if m.proof {
		tail = sign([]byte(finalization), tail)
	}
	return hmac.Equal(tail, m.tail)
}

// nonceSize returns how many bytes the value at the start takes.
func (r *reader) nonceSize() (int, error) {
	err := r.skip(0)
	return r.offset(), err
}
