package macaroon

import (
	"bytes"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// writer writes msgpack as superfly/macaroon does: integers in their smallest
// form, structs as arrays. The first error is kept, and ends the writing.
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
func (w *writer) int(n int64)     { w.keep(w.enc.EncodeInt(n)) }
func (w *writer) string(s string) { w.keep(w.enc.EncodeString(s)) }
func (w *writer) bool(b bool)     { w.keep(w.enc.EncodeBool(b)) }

// bytes writes b, and empty bytes for nil, which the library would make a null.
func (w *writer) bytes(b []byte) {
	w.keep(w.enc.EncodeBytesLen(len(b)))
	w.raw(b)
}

func (w *writer) raw(b []byte) { w.buf.Write(b) }

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
		w.keep(fmt.Errorf("macaroon: encode caveat: it is nil"))
		return
	}
	w.uint(uint64(c.Type()))
	c.encode(w)
}

// encodeCaveat returns the type and the body of c as they stand in a macaroon,
// and the caveat that they are read as, which shares nothing with c. What could
// not be read again is an error.
func encodeCaveat(c Caveat) ([]byte, Caveat, error) {
	w := newWriter()
	w.caveat(c)
	if w.err != nil {
		return nil, nil, w.err
	}
	r := newReader(w.buf.Bytes())
	read, err := r.caveat(0)
	if err != nil {
		return nil, nil, fmt.Errorf("macaroon: encode caveat %s: %w", c.Type(), err)
	}
	if r.left() != 0 {
		return nil, nil, fmt.Errorf("macaroon: encode caveat %s: its body is more than one value", c.Type())
	}
	return r.buf, read, nil
}
