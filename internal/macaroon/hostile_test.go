package macaroon_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// hostile returns bytes that are made to exhaust a reader, and the expected
// error for each.
func hostile(t testing.TB) map[string]struct {
	encoded []byte
	want    string
} {
	t.Helper()
	whole := permission(t, organization(all)).Encode()
	caveat := func(body ...byte) []byte { return withWire(t, append([]byte{0x92}, body...)) }
	claims := func(code ...byte) []byte { return append(code, 0xff, 0xff, 0xff, 0xff) }
	repeat := func(n int, b ...byte) []byte { return bytes.Repeat(b, n) }
	// The tail goes, and the two bytes before it.
	cut := func(encoded []byte) []byte { return encoded[:len(encoded)-34] }
	nested := func(n int) []byte {
		out := repeat(n, 13, 0x92, 0x92)
		return caveat(append(append(out, 26, 1), repeat(n, 1)...)...)
	}
	named := func(n uint32) []byte {
		set := binary.BigEndian.AppendUint32([]byte{3, 0x91, 0xdf}, n)
		for i := range n {
			set = append(binary.BigEndian.AppendUint32(append(set, 0xce), i), 1)
		}
		return caveat(set...)
	}
	return map[string]struct {
		encoded []byte
		want    string
	}{
		"10 MB of nested arrays":       {repeat(10<<20, 0x91), "10485760 bytes are too long"},
		"1 MB of nested arrays":        {repeat(1<<20, 0x91), "an array of 4 was expected"},
		"nested arrays, in a caveat":   {caveat(append([]byte{0xcd, 0xff, 0xff}, repeat(1<<19, 0x91)...)...), "values are nested more than 32 deep"},
		"nested maps, in a caveat":     {caveat(append([]byte{0xcd, 0xff, 0xff}, repeat(1<<18, 0x81, 0x01)...)...), "values are nested more than 32 deep"},
		"10,000 levels of IfPresent":   {nested(10000), "values are nested more than 32 deep"},
		"33 levels of IfPresent":       {nested(33), "values are nested more than 32 deep"},
		"an array of 2^32":             {claims(0xdd), "an array is longer than the remaining bytes"},
		"caveats that claim 2^32":      {bytes.Replace(whole, []byte("v1\x92"), append([]byte("v1"), claims(0xdd)...), 1), "an array is longer than the remaining bytes"},
		"a map that claims 2^32":       {caveat(append([]byte{3, 0x91}, claims(0xdf)...)...), "a map is longer than the remaining bytes"},
		"a set that claims 2^32":       {caveat(append([]byte{2, 0x91}, claims(0xdf)...)...), "a map is longer than the remaining bytes"},
		"an unknown map of 2^32":       {caveat(append([]byte{99}, claims(0xdf)...)...), "a map is longer than the remaining bytes"},
		"bytes that claim 2^32":        {caveat(append([]byte{12}, claims(0xc6)...)...), "a value is longer than the remaining bytes"},
		"a string that claims 2^32":    {caveat(append([]byte{19}, claims(0xdb)...)...), "a value is longer than the remaining bytes"},
		"an extension that claims":     {caveat(append(append([]byte{99}, claims(0xc9)...), 1)...), "a value is longer than the remaining bytes"},
		"an extension that ends early": {cut(caveat(99, 0xc9, 0)), "it ends too early"},
		"mutations that claim 2^32":    {caveat(append([]byte{6, 0x91}, claims(0xdd)...)...), "an array is longer than the remaining bytes"},
		"commands that claim 2^32":     {caveat(append([]byte{27}, claims(0xdd)...)...), "an array is longer than the remaining bytes"},
		"a Google user of 1 MB":        {caveat(append(binary.BigEndian.AppendUint32([]byte{25, 0xc6}, 1<<19), repeat(1<<19, 1)...)...), "a number is too large"},
		"100,000 apps, and no end":     {named(100000)[:500000], "it ends too early"},
	}
}

// TestDecodeHostile is not parallel, because it measures the allocations of the
// whole process.
func TestDecodeHostile(t *testing.T) { //nolint:paralleltest // It measures the whole process.
	for name, tt := range hostile(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := macaroon.Decode(tt.encoded)
		runtime.ReadMemStats(&after)
		if m != nil || !errors.Is(err, macaroon.ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s", name, err, tt.want)
		}
		// Room for a copy of the bytes and a map of a hundred thousand apps.
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: %d bytes are allocated for %d", name, used, len(tt.encoded))
		}
	}
}

// TestDecodeStrict changes one thing in a good macaroon.
func TestDecodeStrict(t *testing.T) {
	t.Parallel()
	good := permission(t, organization(all)).Encode()
	replace := func(from, to string) []byte {
		out := bytes.Replace(good, []byte(from), []byte(to), 1)
		if bytes.Equal(out, good) {
			t.Fatalf("there is no %q", from)
		}
		return out
	}
	caveat := func(wire ...byte) []byte { return withWire(t, append([]byte{0x92}, wire...)) }
	for name, tt := range map[string]struct {
		encoded []byte
		want    string
	}{
		"nothing":                 {nil, "it ends too early"},
		"a byte after it":         {append(bytes.Clone(good), 0), "1 bytes follow it"},
		"another after it":        {append(bytes.Clone(good), good...), "bytes follow it"},
		"a map":                   {replace("\x94", "\x84"), "an array was expected"},
		"an array of three":       {replace("\x94", "\x93"), "an array of 4 was expected, not of 3"},
		"a long array":            {replace("\x94", "\xdc\x00\x04"), "a length is not in its shortest form"},
		"a nonce of four":         {replace("\x93", "\x94"), "a nonce of 4 parts"},
		"a nonce of one":          {replace("\x93", "\x91"), "a nonce of 1 parts"},
		"a proof of 1":            {replace("\xc2\xb5", "\x01\xb5"), "true or false was expected"},
		"a proof of null":         {replace("\xc2\xb5", "\xc0\xb5"), "true or false was expected"},
		"a location of null":      {replace("\xb5https://api.fly.io/v1", "\xc0"), "a string or bytes were expected"},
		"a caveat without a body": {replace("v1\x92", "v1\x91"), "a caveat without a body"},
		"caveats, a long array":   {replace("v1\x92", "v1\xdc\x00\x02"), "a length is not in its shortest form"},
		"caveats, a longer array": {replace("v1\x92", "v1\xdd\x00\x00\x00\x02"), "a length is not in its shortest form"},
		"a tail of a string":      {replace("\xc4\x20", "\xd9\x20"), "the tail is not 32 bytes"},
		"a tail of a long length": {replace("\xc4\x20", "\xc5\x00\x20"), "the tail is not 32 bytes"},
		"a short tail":            {append(replace("\xc4\x20", "\xc4\x1f")[:len(good)-1], []byte{}...), "the tail is not 32 bytes"},
		"a type that is negative": {caveat(0xff, 0xc0), "a number is negative"},
		"a type that is a string": {caveat(0xa0, 0xc0), "a number was expected"},
		"a null organization":     {caveat(0, 0x92, 0xc0, 1), "a number was expected"},
		"a negative organization": {caveat(0, 0x92, 0xd0, 0x80, 1), "a number is negative"},
		"an organization of one":  {caveat(0, 0x91, 1), "an array of 2 was expected, not of 1"},
		"a wide mask":             {caveat(0, 0x92, 1, 0xce, 0, 1, 0, 0), "a number is too large"},
		"a wide action":           {caveat(26, 0xce, 0, 1, 0, 0), "a number is too large"},
		"a wide role":             {caveat(30, 0xcf, 0, 0, 0, 1, 0, 0, 0, 0), "a number is too large"},
		"a key twice":             {caveat(3, 0x91, 0x82, 1, 1, 0xcc, 1, 1), "a set has a duplicate key"},
		"a set that is null":      {caveat(3, 0x91, 0xc0), "a map was expected"},
		"a float for a window":    {caveat(4, 0x92, 1, 0xca, 0, 0, 0, 0), "a number was expected"},
		"a window past int64":     {caveat(4, 0x92, 1, 0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0), "a number is too large"},
		"a member with a field":   {caveat(22, 0x91, 1), "an array of 0 was expected, not of 1"},
		"an exact of null":        {caveat(27, 0x91, 0x92, 0x90, 0xc0), "true or false was expected"},
		"a byte of no meaning":    {caveat(99, 0xc1), "no value starts like this"},
		"inside, without a body":  {caveat(13, 0x92, 0x91, 1, 1), "a caveat without a body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := macaroon.Decode(tt.encoded)
			if m != nil || !errors.Is(err, macaroon.ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// TestDecodeCut cuts a macaroon of every type of caveat at every byte.
func TestDecodeCut(t *testing.T) {
	t.Parallel()
	whole := everyCaveat(t).Encode()
	for n := range whole {
		if m, err := macaroon.Decode(whole[:n]); m != nil || !errors.Is(err, macaroon.ErrMalformed) {
			t.Errorf("cut after %d bytes: error %v", n, err)
		}
	}
}

// TestDecodeLeaves checks that Decode neither changes nor keeps its input.
func TestDecodeLeaves(t *testing.T) {
	t.Parallel()
	encoded := everyCaveat(t).Encode()
	m, err := macaroon.Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(encoded)
	clear(encoded)
	if !bytes.Equal(m.Encode(), before) {
		t.Error("the macaroon changes with the bytes it was read from")
	}
}

// TestDecodeOtherForms reads the encodings of libraries of other languages and
// expects the same bytes after encoding.
func TestDecodeOtherForms(t *testing.T) {
	t.Parallel()
	for name, wire := range map[string][]byte{
		"a type of eight bytes":      {0xcf, 0, 0, 0, 0, 0, 0, 0, 26, 1},
		"a signed number":            {26, 0xd3, 0, 0, 0, 0, 0, 0, 0, 1},
		"a short signed number":      {26, 0xd0, 1},
		"a negative window":          {4, 0x92, 0xff, 0xd1, 0xff, 0},
		"bytes for a string":         {19, 0xc4, 1, 'x'},
		"a string for bytes":         {12, 0xa1, 'x'},
		"a map in no order":          {3, 0x91, 0x82, 9, 1, 3, 1},
		"an unknown float":           {99, 0xcb, 1, 2, 3, 4, 5, 6, 7, 8},
		"an unknown extension":       {99, 0xd5, 1, 2, 3},
		"an unknown long extension":  {99, 0xc7, 2, 1, 2, 3},
		"unknown values in a map":    {99, 0xde, 0, 2, 1, 0xc0, 0xa1, 'a', 0x91, 0xc3},
		"an unknown array of arrays": {99, 0x92, 0x90, 0xdc, 0, 1, 0x80},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := withWire(t, append([]byte{0x92}, wire...))
			m, err := macaroon.Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(m.Encode(), want) {
				t.Error("it encodes to other bytes")
			}
			narrowed := attenuate(t, m, read).Encode()
			if !bytes.Contains(narrowed, wire) {
				t.Error("attenuated, the caveat is other bytes")
			}
		})
	}
}

// TestDecodeOldNonce reads a nonce of version 0, which has no flag for proofs.
func TestDecodeOldNonce(t *testing.T) {
	t.Parallel()
	current := permission(t, organization(all))
	nonce := append([]byte{0x92}, current.Encode()[2:28]...) // without the last of three parts
	old := append(append([]byte{0x94}, nonce...), current.Encode()[29:]...)
	m, err := macaroon.Decode(old)
	if err != nil {
		t.Fatal(err)
	}
	if m.IsProof() || !bytes.Equal(m.Encode(), old) || m.ID() != current.ID() {
		t.Error("it is a proof, or encodes to other bytes, or has another id")
	}
	if got := attenuate(t, m, read).Encode(); !bytes.HasPrefix(got[1:], nonce) {
		t.Error("attenuated, the nonce is other bytes")
	}
}

// TestDecodeManyCaveats reads enough caveats for every encoding of an array's
// length.
func TestDecodeManyCaveats(t *testing.T) {
	t.Parallel()
	for n, header := range map[int][]byte{
		7: {0x9e}, 8: {0xdc, 0, 16}, 32767: {0xdc, 0xff, 0xfe}, 32768: {0xdd, 0, 1, 0, 0},
	} {
		encoded := bytes.Replace(
			permission(t).Encode(), []byte("v1\x90"),
			append(append([]byte("v1"), header...), bytes.Repeat([]byte{26, 1}, n)...), 1,
		)
		m, err := macaroon.Decode(encoded)
		if err != nil {
			t.Errorf("%d caveats: %v", n, err)
			continue
		}
		if len(m.Caveats()) != n || !bytes.Equal(m.Encode(), encoded) {
			t.Errorf("%d caveats are read as %d, or encode to other bytes", n, len(m.Caveats()))
		}
	}
}

// everyCaveat returns a discharge that holds a caveat of every type.
func everyCaveat(t testing.TB) *macaroon.Macaroon {
	t.Helper()
	s := seed("every")
	m, err := macaroons.NewDischarge(
		s, organization(all), resources(macaroon.Volumes, actions{"v": read}), macaroon.Apps{testApp: all}, until(0),
		resources(macaroon.FeatureSet, actions{"wg": all}), macaroon.Mutations{"a", "b"}, resources(macaroon.Machines, actions{"": read}),
		other(8, 0x91, 1), other(9, 0x91, 2), macaroons.IsUser(3),
		authentication("ticket"), binding([]byte("0123456789abcdef")),
		ifs(read, macaroon.Apps{testApp: all}, ifs(0, read)), resources(machineFeatureSet, actions{"metadata": all}),
		other(15, 0x91, 0xa1, 'm'), resources(clusters, actions{"c": all}), other(19, append([]byte{0xab}, "example.com"...)...),
		other(20, 4), other(21, 0xcd, 2, 88), macaroons.IsMember(), other(23, 5),
		other(24, 6), other(25, 0xc4, 2, 7, 8), read,
		macaroon.Commands{{Args: []string{"ls", "-l"}, Exact: true}, {Args: []string{}}},
		resources(appFeatureSet, actions{"images": read}), resources(storageObjects, actions{"https://s/": read}), macaroon.AllowedRoles(0xffffffff),
		other(31, 0x93, 0xa1, 'o', 0xa1, 'a', 0xa1, 'i'), macaroon.Other{Type: 1 << 60, Body: []byte{0x81, 1, 2}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
