package macaroon

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// ErrMalformed is wrapped by every error of decoding. Such an error gives the
// fault and its position, never the content.
var ErrMalformed = errors.New("not a Fly macaroon")

const (
	// maxSize bounds a macaroon in bytes. Real macaroons have 300 to 600.
	maxSize = 1 << 20
	// maxDepth bounds how deep values nest. Real macaroons nest IfPresent once.
	maxDepth = 32
)

// reader reads msgpack from bytes in memory. It allocates by the bytes that are
// present, never by the length that an input claims. The bytes that it returns
// are slices of buf.
type reader struct {
	buf []byte
	src bytes.Reader
	dec *msgpack.Decoder
}

func newReader(buf []byte) *reader {
	r := &reader{buf: buf}
	r.src.Reset(buf)
	r.dec = msgpack.NewDecoder(&r.src)
	return r
}

func (r *reader) left() int   { return r.src.Len() }
func (r *reader) offset() int { return len(r.buf) - r.src.Len() }

// malformed returns an error at the current position.
func (r *reader) malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s, at byte %d of %d", ErrMalformed, fmt.Sprintf(format, args...), r.offset(), len(r.buf))
}

// code returns the first byte of the next value without reading it.
func (r *reader) code() (byte, error) {
	c, err := r.dec.PeekCode()
	if err != nil {
		return 0, r.malformed("it ends too early")
	}
	return c, nil
}

// array reads the length of an array. Every element has at least one byte, so
// an array that claims more elements than there are bytes is refused.
func (r *reader) array() (int, error) {
	c, err := r.code()
	if err != nil {
		return 0, err
	}
	if !msgpcode.IsFixedArray(c) && c != msgpcode.Array16 && c != msgpcode.Array32 {
		return 0, r.malformed("an array was expected")
	}
	n, err := r.dec.DecodeArrayLen()
	if err != nil || n < 0 || n > r.left() {
		return 0, r.malformed("an array is longer than the remaining bytes")
	}
	return n, nil
}

// arrayOf reads the length of an array that must have n elements.
func (r *reader) arrayOf(n int) error {
	got, err := r.array()
	if err != nil {
		return err
	}
	if got != n {
		return r.malformed("an array of %d was expected, not of %d", n, got)
	}
	return nil
}

func (r *reader) mapping() (int, error) {
	c, err := r.code()
	if err != nil {
		return 0, err
	}
	if !msgpcode.IsFixedMap(c) && c != msgpcode.Map16 && c != msgpcode.Map32 {
		return 0, r.malformed("a map was expected")
	}
	n, err := r.dec.DecodeMapLen()
	if err != nil || n < 0 || n > r.left()/2 {
		return 0, r.malformed("a map is longer than the remaining bytes")
	}
	return n, nil
}

// uint reads an integer from 0 to limit, in any of its encodings.
func (r *reader) uint(limit uint64) (uint64, error) {
	c, err := r.code()
	if err != nil {
		return 0, err
	}
	var n uint64
	switch {
	case c <= msgpcode.PosFixedNumHigh, c >= msgpcode.Uint8 && c <= msgpcode.Uint64:
		n, err = r.dec.DecodeUint64()
	case c >= msgpcode.Int8 && c <= msgpcode.Int64, c >= msgpcode.NegFixedNumLow:
		var signed int64
		if signed, err = r.dec.DecodeInt64(); signed < 0 {
			return 0, r.malformed("a number is negative")
		}
		n = uint64(signed)
	default:
		return 0, r.malformed("a number was expected")
	}
	if err != nil {
		return 0, r.malformed("it ends within a number")
	}
	if n > limit {
		return 0, r.malformed("a number is too large")
	}
	return n, nil
}

func (r *reader) int() (int64, error) {
	c, err := r.code()
	if err != nil {
		return 0, err
	}
	if c <= msgpcode.PosFixedNumHigh || c >= msgpcode.Uint8 && c <= msgpcode.Uint64 {
		n, err := r.uint(1<<63 - 1)
		return int64(n), err //nolint:gosec // It is below the limit.
	}
	if c < msgpcode.NegFixedNumLow && (c < msgpcode.Int8 || c > msgpcode.Int64) {
		return 0, r.malformed("a number was expected")
	}
	n, err := r.dec.DecodeInt64()
	if err != nil {
		return 0, r.malformed("it ends within a number")
	}
	return n, nil
}

func (r *reader) bool() (bool, error) {
	c, err := r.code()
	if err != nil {
		return false, err
	}
	if c != msgpcode.False && c != msgpcode.True {
		return false, r.malformed("true or false was expected")
	}
	return r.dec.DecodeBool()
}

// bytes reads a string or bytes and returns them as a slice of buf. Libraries
// of other languages confuse the two types.
func (r *reader) bytes() ([]byte, error) {
	c, err := r.code()
	if err != nil {
		return nil, err
	}
	if !msgpcode.IsString(c) && !msgpcode.IsBin(c) {
		return nil, r.malformed("a string or bytes were expected")
	}
	n, err := r.dec.DecodeBytesLen()
	if err != nil {
		return nil, r.malformed("it ends within a length")
	}
	return r.take(n)
}

func (r *reader) string() (string, error) {
	b, err := r.bytes()
	return string(b), err
}

func (r *reader) strings() ([]string, error) {
	n, err := r.array()
	if err != nil {
		return nil, err
	}
	list := make([]string, 0, min(n, preallocated))
	for range n {
		s, err := r.string()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// take skips n bytes and returns them.
func (r *reader) take(n int) ([]byte, error) {
	if n < 0 || n > r.left() {
		return nil, r.malformed("a value is longer than the remaining bytes")
	}
	at := r.offset()
	_, _ = r.src.Seek(int64(n), io.SeekCurrent) // It fails only before the start.
	return r.buf[at : at+n : at+n], nil
}

// skip skips one value of any kind.
func (r *reader) skip(depth int) error {
	if depth > maxDepth {
		return r.malformed("values are nested more than %d deep", maxDepth)
	}
	c, err := r.code()
	if err != nil {
		return err
	}
	switch {
	case msgpcode.IsFixedMap(c), c == msgpcode.Map16, c == msgpcode.Map32:
		n, err := r.mapping()
		return r.skipAll(2*n, depth, err)
	case msgpcode.IsFixedArray(c), c == msgpcode.Array16, c == msgpcode.Array32:
		n, err := r.array()
		return r.skipAll(n, depth, err)
	case msgpcode.IsString(c), msgpcode.IsBin(c):
		_, err := r.bytes()
		return err
	case msgpcode.IsExt(c):
		_, n, err := r.dec.DecodeExtHeader()
		if err != nil {
			return r.malformed("it ends within an extension")
		}
		_, err = r.take(n)
		return err
	default:
		if err := r.dec.Skip(); err != nil {
			return r.malformed("no value starts like this, or it ends within one")
		}
		return nil
	}
}

func (r *reader) skipAll(n, depth int, err error) error {
	for ; n > 0 && err == nil; n-- {
		err = r.skip(depth + 1)
	}
	return err
}
