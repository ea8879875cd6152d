package macaroon

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// writer writes msgpack as superfly/macaroon does: integers in their smallest
// form, structs as arrays. It keeps the first error and then writes nothing
// more.
type writer struct {
	buf   bytes.Buffer
	enc   *msgpack.Encoder
	depth int
	err   error
}

func newWriter() *writer {
	w := &writer{}
	w.enc = msgpack.NewEncoder(&w.buf)
	w.enc.UseCompactInts(true)
	return w
}

func (w *writer) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) array(n int)     { w.keep(w.enc.EncodeArrayLen(n)) }
func (w *writer) mapping(n int)   { w.keep(w.enc.EncodeMapLen(n)) }
func (w *writer) uint(n uint64)   { w.keep(w.enc.EncodeUint(n)) }
func (w *writer) string(s string) { w.keep(w.enc.EncodeString(s)) }
func (w *writer) bool(b bool)     { w.keep(w.enc.EncodeBool(b)) }

// bytes writes b. It writes nil as empty bytes, because the library would write
// a null.
func (w *writer) bytes(b []byte) {
	w.keep(w.enc.EncodeBytesLen(len(b)))
	w.buf.Write(b)
}

// fields writes an array of numbers and strings.
func (w *writer) fields(values ...any) {
	w.array(len(values))
	w.keep(w.enc.EncodeMulti(values...))
}

func (w *writer) strings(list []string) {
	w.array(len(list))
	for _, s := range list {
		w.string(s)
	}
}

// caveats writes a flat array of types and bodies.
func (w *writer) caveats(list []Caveat) {
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > maxDepth {
		w.keep(fmt.Errorf("macaroon: encode caveat: nested more than %d deep", maxDepth))
		return
	}
	w.array(2 * len(list))
	for _, c := range list {
		w.caveat(c)
	}
}

func (w *writer) caveat(c Caveat) {
	if c == nil {
		w.keep(errors.New("macaroon: encode caveat: it is nil"))
		return
	}
	w.uint(uint64(c.kind()))
	c.encode(w)
}

// encodeCaveat returns the encoded type and body of c, and the caveat that
// decoding them gives, which shares no memory with c. It returns an error if
// they cannot be decoded.
func encodeCaveat(c Caveat) ([]byte, Caveat, error) {
	w := newWriter()
	w.caveat(c)
	if w.err != nil {
		return nil, nil, w.err
	}
	r := &reader{buf: w.buf.Bytes()}
	read := r.caveat(0)
	if r.err != nil {
		return nil, nil, fmt.Errorf("macaroon: encode caveat %s: %w", c.kind(), r.err)
	}
	if r.left() != 0 {
		return nil, nil, fmt.Errorf("macaroon: encode caveat %s: its body is more than one value", c.kind())
	}
	return r.buf, read, nil
}
