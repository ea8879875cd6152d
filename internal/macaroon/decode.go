package macaroon

import "bytes"

// Decode reads one macaroon, of at most 1 MiB. The error wraps [ErrMalformed];
// it gives the position and never the content.
func Decode(encoded []byte) (*Macaroon, error) {
	r := &reader{}
	if len(encoded) > maxSize {
		r.fail("%d bytes are too long", len(encoded))
		return nil, r.err
	}
	r.buf = bytes.Clone(encoded)
	m := r.macaroon()
	if r.left() != 0 {
		r.fail("%d bytes follow it", r.left())
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// macaroon reads an array of nonce, location, caveats and tail. The lengths
// must be written in their shortest form, so that encoding the macaroon gives
// the same bytes.
func (r *reader) macaroon() *Macaroon {
	m := &Macaroon{prefix: prefixCurrent}
	r.fields(4)
	r.wantShortest(0, 4)
	head := r.at
	r.nonce(m)
	m.location = r.string()
	m.head = r.buf[head:r.at]
	r.macaroonCaveats(m)
	at := r.at
	m.tail = r.bytes()
	if len(m.tail) != tailSize || r.at != at+2+tailSize || r.buf[at] != codeBin8 {
		r.fail("the tail is not %d bytes", tailSize)
	}
	return m
}

// wantShortest fails if the length n of an array, which begins at a position,
// was not written in its shortest form.
func (r *reader) wantShortest(at, n int) {
	if r.at-at != len(arrayHeader(n)) {
		r.fail("a length is not in its shortest form")
	}
}

// nonce reads the key id, the random part and, since version 1, a flag for
// finalized proofs.
func (r *reader) nonce(m *Macaroon) {
	n := r.array()
	if n != 2 && n != 3 {
		r.fail("a nonce of %d parts", n)
	}
	m.kid, m.rnd = r.bytes(), r.bytes()
	if n == 3 {
		m.proof = r.bool()
	}
}

func (r *reader) macaroonCaveats(m *Macaroon) {
	at := r.at
	n := r.caveatCount()
	r.wantShortest(at, 2*n)
	m.caveats = make([]Caveat, 0, min(n, preallocated))
	m.wire = make([][]byte, 0, min(n, preallocated))
	for i := 0; i < n && r.err == nil; i++ {
		at := r.at
		m.caveats = append(m.caveats, r.caveat(0))
		m.wire = append(m.wire, r.buf[at:r.at:r.at])
	}
}

// caveatCount reads the length of a flat array of types and bodies.
func (r *reader) caveatCount() int {
	n := r.array()
	if n%2 != 0 {
		r.fail("a caveat without a body")
	}
	return n / 2
}
