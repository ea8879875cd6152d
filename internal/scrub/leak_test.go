package scrub

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// inGroups puts a space after every n bytes.
func inGroups(s string, n int) string {
	var groups []string
	for ; len(s) > n; s = s[n:] {
		groups = append(groups, s[:n])
	}
	return strings.Join(append(groups, s), " ")
}

// randomToken is a macaroon's text of random bytes, the same for the same seed.
func randomToken(seed uint64) string {
	source := rand.New(rand.NewPCG(seed, 1))
	raw := make([]byte, 450)
	for i := range raw {
		raw[i] = byte(source.UintN(256))
	}
	return "fm2_" + base64.StdEncoding.EncodeToString(raw)
}

// longestShared is the length of the longest run of letters and digits that two
// texts share.
func longestShared(text, secret string) int {
	text, secret = lettersAndDigits(text), lettersAndDigits(secret)
	for n := 1; ; n++ {
		if !sharesRun(text, secret, n) {
			return n - 1
		}
	}
}

// A program prints the token that it received, or one that only it knows.
func TestScrubFindsTokensInPieces(t *testing.T) {
	t.Parallel()
	spellings := map[string]func(string) string{
		"as it is":         func(s string) string { return s },
		"reversed":         reversed,
		"in base64":        func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"in base64, later": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("Bearer " + s)) },
		"in hex":           func(s string) string { return hex.EncodeToString([]byte(s)) },
		"in upper hex":     func(s string) string { return fmt.Sprintf("%X", s) },
	}
	for name, spell := range spellings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				secret := randomToken(seed)
				spelled := spell(secret)
				for n := 1; n <= 40; n++ {
					text := "failed: " + inGroups(spelled, n)
					for who, sent := range map[string]string{"sent": secret, "minted": "fo1_" + randomToken(seed + 100)[4:60]} {
						got := Text(text, sent)
						if left := longestShared(got, spelled); left >= 2*shared {
							t.Fatalf("groups of %d of the token that was %s: %d bytes of it are left in %q", n, who, left, got)
						}
					}
				}
			}
		})
	}
}

// A login may be short. Only a comparison finds its parts.
func TestScrubComparesWithoutSeparators(t *testing.T) {
	t.Parallel()
	const sent = "fo1_kVbqmzsrtwplnhgdxkwq"
	for name, text := range map[string]string{
		"in groups of five":  "fo1_k Vbqmz srtwp lnhgd xkwq",
		"with dots":          "V.b.q.m.z.s.r.t.w.p",
		"reversed":           "qwkxdghnlp",
		"in spaced hex":      strings.ToLower(inGroups(hex.EncodeToString([]byte(sent)), 2)),
		"hex of its middle":  "6d 7a 73 72 74 77 70",
		"base64 of it":       inGroups(base64.StdEncoding.EncodeToString([]byte(sent)), 4),
		"base64 of a header": inGroups(base64.StdEncoding.EncodeToString([]byte("x:"+sent)), 5),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Text("cannot use "+text+" here", sent); got != withheld {
				t.Errorf("Text = %q, want it withheld", got)
			}
		})
	}
}

func TestScrubLetsOrdinaryWordsPass(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"failed retrieving app acme-web: failed to run query ($appName: String!) { appcompact:app(name: $appName) { id internalNumericId name hostname }",
		`Post "http://127.0.0.1:38211/graphql": read tcp 127.0.0.1:40112->127.0.0.1:38211: read: connection reset by peer`,
		"dial tcp [2a09:8280:1::6:c3d9]:443: connect: network is unreachable",
		"request 01HPQXWBTNGKFZVMYDJS3R7A2C-iad failed",
		"trace 550e8400-e29b-41d4-a716-446655440000 of machine 148e306b77de89 in region iad",
		"x509: certificate has expired or is not yet valid: current time 2026-11-26T06:05:10Z is after 2025-01-01T00:00:00Z",
		"there is no /tmp/terraform-provider-fly-3726/flyctl",
		"unknown flag: --nope",
		"HTTP/2.0 stream error: stream ID 1; INTERNAL_ERROR; received from peer",
	} {
		if got := Text(text, "fo1_"+randomToken(1)[4:60]); got != text {
			t.Errorf("Text(%q) = %q", text, got)
		}
	}
}
