package macaroon

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrMalformed is wrapped by every error of decoding. Such an error gives the
// fault and its position, never the content.
var ErrMalformed = errors.New("not a Fly macaroon")

const (
	// maxSize bounds a macaroon in bytes. Real macaroons have 300 to 600.
	maxSize = 1 << 20
	// maxDepth bounds how deep values nest. Real macaroons nest IfPresent once.
	maxDepth = 32
	// preallocated bounds what is allocated for a list before its elements are read.
	preallocated = 8

	codeNull = 0xc0
)

// reader reads msgpack from bytes in memory. It allocates by the bytes that are
// present, never by the length that an input claims. The bytes that it returns
// are slices of buf. It keeps the first error and then reads only zero values.
type reader struct {
	buf []byte
	at  int
	err error
}

// fail keeps an error at the current position, unless there is one.
func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s, at byte %d of %d", ErrMalformed, fmt.Sprintf(format, args...), r.at, len(r.buf))
	}
}

func (r *reader) left() int { return len(r.buf) - r.at }

// form is the kind of a msgpack value, whatever its size. Strings and bytes are
// one, because libraries of other languages confuse them.
type form int

const (
	formNone form = iota
	formNumber
	formNegative
	formBool
	formFloat
	formBytes
	formArray
	formMap
	formExtension
)

// head reads the beginning of a value: its form, and the value of a number or a
// bool, or the length of what follows.
func (r *reader) head() (form, uint64) {
	switch c := r.big(1); {
	case r.err != nil, c == codeNull, c == 0xc1:
		return formNone, c
	case c <= 0x7f:
		return formNumber, c
	case c <= 0x8f:
		return formMap, c & 0x0f
	case c <= 0x9f:
		return formArray, c & 0x0f
	case c <= 0xbf:
		return formBytes, c & 0x1f
	case c <= 0xc3:
		return formBool, c & 1
	case c <= 0xc6:
		return formBytes, r.big(1 << (c - 0xc4))
	case c <= 0xc9:
		return formExtension, r.big(1 << (c - 0xc7))
	case c <= 0xcb:
		return formFloat, 4 << (c - 0xca)
	case c <= 0xcf:
		return formNumber, r.big(1 << (c - 0xcc))
	case c <= 0xd3:
		size := 1 << (c - 0xd0)
		return signed(r.big(size), size)
	case c <= 0xd8:
		return formExtension, 1 << (c - 0xd4)
	case c <= 0xdb:
		return formBytes, r.big(1 << (c - 0xd9))
	case c <= 0xdd:
		return formArray, r.big(2 << (c - 0xdc))
	case c <= 0xdf:
		return formMap, r.big(2 << (c - 0xde))
	default:
		return signed(c, 1)
	}
}

// signed returns the form of a number of some bytes in two's complement, and the
// number in 64 bits.
func signed(n uint64, size int) (form, uint64) {
	if sign := uint64(1) << (8*size - 1); n&sign != 0 {
		return formNegative, n | -sign
	}
	return formNumber, n
}

func (r *reader) big(size int) uint64 {
	if size > r.left() {
		r.fail("it ends too early")
	}
	if r.err != nil {
		return 0
	}
	var digits [8]byte
	r.at += copy(digits[8-size:], r.buf[r.at:r.at+size])
	return binary.BigEndian.Uint64(digits[:])
}

// expect reads the beginning of a value that must have the form.
func (r *reader) expect(want form, fault string) uint64 {
	at := r.at
	got, n := r.head()
	if got != want {
		r.refuse(at, fault)
	}
	return n
}

// refuse keeps an error for the value that begins at a position.
func (r *reader) refuse(at int, fault string) {
	if r.err == nil {
		r.at = at
		r.fail("%s", fault)
	}
}

// length returns a number of elements, of which each has at least size bytes.
func (r *reader) length(n uint64, size int, what string) int {
	if n > uint64(r.left()/size) { //nolint:gosec // It is not negative.
		r.fail("%s is longer than the remaining bytes", what)
	}
	if r.err != nil {
		return 0
	}
	return int(n) //nolint:gosec // It is below the number of bytes.
}

func (r *reader) array() int {
	return r.length(r.expect(formArray, "an array was expected"), 1, "an array")
}

// fields reads the length of an array that must have n elements, which follow.
func (r *reader) fields(n int) *reader {
	if got := r.array(); got != n {
		r.fail("an array of %d was expected, not of %d", n, got)
	}
	return r
}

func (r *reader) mapping() int {
	return r.length(r.expect(formMap, "a map was expected"), 2, "a map")
}

func (r *reader) uint64() uint64 { return r.uint(math.MaxUint64) }

// uint reads an integer from 0 to limit, in any of its encodings.
func (r *reader) uint(limit uint64) uint64 {
	negative, n := r.number()
	if negative {
		r.fail("a number is negative")
	} else if n > limit {
		r.fail("a number is too large")
	}
	return n
}

func (r *reader) int() int64 {
	negative, n := r.number()
	if !negative && n > math.MaxInt64 {
		r.fail("a number is too large")
	}
	return int64(n) //nolint:gosec // A negative number is in two's complement.
}

// number reads an integer, which is in two's complement if it is negative.
func (r *reader) number() (negative bool, n uint64) {
	at := r.at
	f, n := r.head()
	if f != formNumber && f != formNegative {
		r.refuse(at, "a number was expected")
	}
	return f == formNegative, n
}

func (r *reader) bool() bool { return r.expect(formBool, "true or false was expected") == 1 }

// bytes reads a string or bytes and returns them as a slice of buf.
func (r *reader) bytes() []byte {
	return r.take(r.expect(formBytes, "a string or bytes were expected"))
}

func (r *reader) string() string { return string(r.bytes()) }

func (r *reader) strings() []string {
	n := r.array()
	list := make([]string, 0, min(n, preallocated))
	for i := 0; i < n && r.err == nil; i++ {
		list = append(list, r.string())
	}
	return list
}

// take skips n bytes and returns them.
func (r *reader) take(n uint64) []byte {
	size := r.length(n, 1, "a value")
	r.at += size
	return r.buf[r.at-size : r.at : r.at]
}

func (r *reader) skip(depth int) {
	if depth > maxDepth {
		r.fail("values are nested more than %d deep", maxDepth)
	}
	at := r.at
	f, n := r.head()
	values := 0
	switch f {
	case formNone:
		if n != codeNull {
			r.refuse(at, "no value starts like this")
		}
	case formFloat, formBytes:
		r.take(n)
	case formExtension:
		r.take(n + 1) // its type
	case formArray:
		values = r.length(n, 1, "an array")
	case formMap:
		values = 2 * r.length(n, 2, "a map")
	case formNumber, formNegative, formBool:
	}
	for ; values > 0 && r.err == nil; values-- {
		r.skip(depth + 1)
	}
}
