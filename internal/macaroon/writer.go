package macaroon

import (
	"bytes"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// writer writes msgpack as superfly/macaroon does: integers in their smallest
// form, structs as arrays. A buffer takes everything, so no write fails.
type writer struct {
	buf bytes.Buffer
	enc *msgpack.Encoder
}

func newWriter() *writer {
	w := &writer{}
	w.enc = msgpack.NewEncoder(&w.buf)
	w.enc.UseCompactInts(true)
	return w
}

func (w *writer) array(n int)     { _ = w.enc.EncodeArrayLen(n) }
func (w *writer) mapping(n int)   { _ = w.enc.EncodeMapLen(n) }
func (w *writer) uint(n uint64)   { _ = w.enc.EncodeUint(n) }
func (w *writer) string(s string) { _ = w.enc.EncodeString(s) }
func (w *writer) bool(b bool)     { _ = w.enc.EncodeBool(b) }

// bytes writes b. It writes nil as empty bytes, because the library would write
// a null.
func (w *writer) bytes(b []byte) {
	_ = w.enc.EncodeBytesLen(len(b))
	w.buf.Write(b)
}

func (w *writer) fields(values ...any) {
	w.array(len(values))
	_ = w.enc.EncodeMulti(values...)
}

func (w *writer) strings(list []string) {
	w.array(len(list))
	for _, s := range list {
		w.string(s)
	}
}

func (w *writer) caveats(list []Caveat) {
	w.array(2 * len(list))
	for _, c := range list {
		w.caveat(c)
	}
}

func (w *writer) caveat(c Caveat) {
	w.uint(uint64(c.kind()))
	c.encode(w)
}

// arrayHeader returns the length of an array in its shortest form.
func arrayHeader(n int) []byte {
	w := newWriter()
	w.array(n)
	return w.buf.Bytes()
}

// encodeCaveat returns the encoded type and body of c, and the caveat that
// decoding them gives, which shares no memory with c. It returns an error if
// they cannot be decoded.
func encodeCaveat(c Caveat) ([]byte, Caveat, error) {
	w := newWriter()
	w.caveat(c)
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
