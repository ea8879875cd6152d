package tokenstore

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// FuzzRecord reads arbitrary bytes as a record: what is accepted comes back the
// same after it was written, and no error quotes what was read.
func FuzzRecord(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, is := range []identity{{app: "web"}, {app: "web", key: "00112233445566778899aabbccddeeff"}} {
			c, err := decode(data, is)
			if err != nil {
				if text := err.Error(); len(text) > 300 || strings.Contains(text, "fm2_AAAA") || strings.Contains(text, "fo1_s") {
					t.Errorf("the error quotes the record: %q", text)
				}
				continue
			}
			roundTrip(t, c, is)
		}
	})
}

func roundTrip(t *testing.T, c content, is identity) {
	t.Helper()
	written, err := encode(c, is)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	again, err := decode(written, is)
	if err != nil {
		t.Fatalf("decode what was encoded: %v", err)
	}
	sameToken := cmp.Comparer(func(a, b token.Token) bool { return a == b })
	if diff := cmp.Diff(c.record, again.record, sameToken); diff != "" {
		t.Errorf("record (-before +after):\n%s", diff)
	}
	if is.key != "" && c.generation != again.generation {
		t.Errorf("generation %d became %d", c.generation, again.generation)
	}
	rewritten, err := encode(again, is)
	if err != nil || !bytes.Equal(written, rewritten) {
		t.Errorf("encoded again: %v\n%s\nwant\n%s", err, rewritten, written)
	}
	for name := range c.extra {
		if _, ok := again.extra[name]; !ok {
			t.Errorf("field %q was lost", name)
		}
	}
}
