package macaroon

import (
	"bytes"
	"math"
)

// preallocated bounds what is allocated for a list before its elements are read.
const preallocated = 8

// Decode reads one macaroon, of at most 1 MiB. The error wraps [ErrMalformed];
// it gives the position and never the content.
func Decode(encoded []byte) (*Macaroon, error) {
	if len(encoded) > maxSize {
		return nil, newReader(nil).malformed("%d bytes are too long", len(encoded))
	}
	r := newReader(bytes.Clone(encoded))
	m, err := r.macaroon()
	if err != nil {
		return nil, err
	}
	if r.left() != 0 {
		return nil, r.malformed("%d bytes follow it", r.left())
	}
	return m, nil
}

// macaroon reads an array of nonce, location, caveats and tail. The lengths
// must be written in their shortest form, so that encoding the macaroon gives
// the same bytes.
func (r *reader) macaroon() (*Macaroon, error) {
	if err := r.arrayOf(4); err != nil {
		return nil, err
	}
	if r.offset() != 1 {
		return nil, r.malformed("a length is not in its shortest form")
	}
	m := &Macaroon{prefix: prefixCurrent}
	if err := r.nonce(m); err != nil {
		return nil, err
	}
	var err error
	if m.location, err = r.string(); err != nil {
		return nil, err
	}
	m.head = r.buf[1:r.offset()]
	if err := r.macaroonCaveats(m); err != nil {
		return nil, err
	}
	at := r.offset()
	if m.tail, err = r.bytes(); err != nil {
		return nil, err
	}
	if len(m.tail) != tailSize || r.offset() != at+2+tailSize || r.buf[at] != codeBin8 {
		return nil, r.malformed("the tail is not %d bytes", tailSize)
	}
	return m, nil
}

// nonce reads the key id, the random part and, since version 1, a flag for
// finalized proofs.
func (r *reader) nonce(m *Macaroon) error {
	n, err := r.array()
	if err != nil {
		return err
	}
	if n != 2 && n != 3 {
		return r.malformed("a nonce of %d parts", n)
	}
	if m.kid, err = r.bytes(); err != nil {
		return err
	}
	if m.rnd, err = r.bytes(); err != nil {
		return err
	}
	if n == 3 {
		m.proof, err = r.bool()
	}
	return err
}

func (r *reader) macaroonCaveats(m *Macaroon) error {
	at := r.offset()
	n, err := r.caveatCount()
	if err != nil {
		return err
	}
	if r.offset()-at != arrayHeaderSize(2*n) {
		return r.malformed("a length is not in its shortest form")
	}
	m.caveats = make([]Caveat, 0, min(n, preallocated))
	m.wire = make([][]byte, 0, min(n, preallocated))
	for range n {
		at := r.offset()
		c, err := r.caveat(0)
		if err != nil {
			return err
		}
		m.caveats = append(m.caveats, c)
		m.wire = append(m.wire, r.buf[at:r.offset():r.offset()])
	}
	return nil
}

// caveatCount reads the length of a flat array of types and bodies.
func (r *reader) caveatCount() (int, error) {
	n, err := r.array()
	if err != nil {
		return 0, err
	}
	if n%2 != 0 {
		return 0, r.malformed("a caveat without a body")
	}
	return n / 2, nil
}

// arrayHeaderSize returns how many bytes the length of an array takes.
func arrayHeaderSize(n int) int {
	switch {
	case n < 16:
		return 1
	case n <= math.MaxUint16:
		return 3
	default:
		return 5
	}
}
