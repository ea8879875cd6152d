package tokenstore

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var sameToken = cmp.Comparer(func(a, b token.Token) bool { return a == b })

// FuzzRecord reads arbitrary bytes as a record. An accepted record survives a
// round trip, and no error quotes the input.
func FuzzRecord(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, seq, err := decodeRecord(data)
		if err != nil {
			wantNoQuote(t, err)
			return
		}
		written, err := encodeRecord(rec, seq, data)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		again, number, err := decodeRecord(written)
		if err != nil {
			t.Fatalf("decode what was encoded: %v", err)
		}
		if diff := cmp.Diff(rec, again, sameToken); diff != "" || number != seq {
			t.Errorf("number %d became %d, record (-before +after):\n%s", seq, number, diff)
		}
		wantFields(t, data, written)
	})
}

// FuzzState reads arbitrary bytes as a state document. An accepted document
// keeps every field when it is written, and no error quotes the input.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"schema":1,"app":"web","generation":3,"records":{"k":{"token":1}},"future":{"a":null}}`))
	f.Add([]byte(`{"schema":2,"app":"web"}`))
	f.Add([]byte(`{"schema":1,"app":"web","claim":{"owner":"x","count":1},"mints":{"a":{"id":"b"}},"set_aside":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := decodeState(data, "web")
		if err != nil {
			wantNoQuote(t, err)
			return
		}
		written, err := st.encode("web")
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		if data != nil {
			wantFields(t, data, written)
		}
		again, err := decodeState(written, "web")
		if err != nil || again.generation != st.generation || len(again.records) != len(st.records) {
			t.Errorf("decode what was encoded: %v", err)
		}
	})
}

func wantNoQuote(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); len(text) > 300 || strings.Contains(text, "fm2_AAAA") || strings.Contains(text, "fo1_s") {
		t.Errorf("the error quotes what was read: %q", text)
	}
}

// wantFields checks that an object has every field of another object, except
// null ones.
func wantFields(t *testing.T, before, after []byte) {
	t.Helper()
	var old, now map[string]json.RawMessage
	if json.Unmarshal(before, &old) != nil || json.Unmarshal(after, &now) != nil {
		t.Fatalf("no objects: %q, %q", before, after)
	}
	for name, value := range old {
		if _, ok := now[name]; !ok && !isZero(value) {
			t.Errorf("field %q was lost", name)
		}
	}
}

func isZero(value json.RawMessage) bool {
	switch string(bytes.TrimSpace(value)) {
	case "null", `""`, "0", "-0", "0.0":
		return true
	default:
		return bytes.ContainsAny(value, `"`) && bytes.Contains(value, []byte("0001-01-01T"))
	}
}
