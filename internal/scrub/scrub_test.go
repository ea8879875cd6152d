package scrub

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	const sent = "fm2_lJPECAAAAAAAAAAAxBBkZmxrZW5jLXRva2VuLXZhbHVlLg==,fo1_Zq8vN2mS4xT7"
	tests := map[string]struct{ text, want string }{
		"plain words":            {"app not found", "app not found"},
		"the token itself":       {"bad token " + sent, "bad token [redacted]"},
		"its middle":             {"near AAAAAxBBkZmxrZW5jLX!", "near [redacted]!"},
		"with nothing inside":    {"fm2_lJP\x00EC\u200bAAAAAAAA", "[redacted]"},
		"wrapped":                {sent[:20] + "\n" + sent[20:40], "[redacted] [redacted]"},
		"somebody else's":        {"see fo1_other and fm2_abc%2Bdef\\/ghi.", "see [redacted] and [redacted]"},
		"upper case":             {"FO1_ABCDEF", "[redacted]"},
		"a header":               {"Authorization: Bearer s3cret!", "Authorization: Bearer [redacted]"},
		"a long run":             {"key " + strings.Repeat("Ab1", 20) + " end", "key [redacted] end"},
		"a proxy's password":     {"dial http://joe:pw@proxy:3128 failed", "dial http://proxy:3128 failed"},
		"control characters":     {"a\x1b[31mred\x00\u202e b", "ared b"},
		"lines":                  {"one\r\n\ttwo", "one two"},
		"words of flyctl":        {"parse flyv1 token: malformed", "parse flyv1 token: malformed"},
		"without its prefix":     {"rest " + strings.Repeat("Ab1/", 8), "rest [redacted]"},
		"inside a word":          {"xfm2_QUJD", "x[redacted]"},
		"not UTF-8":              {"caf\xe9 open", "caf open"},
		"shorter than a leak":    {"fm2_l", "[redacted]"},
		"common letters of both": {"token", "token"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Text(tc.text, sent); got != tc.want {
				t.Errorf("Text(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}

func TestScrubBoundsWhatItQuotes(t *testing.T) {
	t.Parallel()
	got := Text(strings.Repeat("é ", 1<<20), "")
	if len(got) > maxQuote+len("…") || !strings.HasSuffix(got, "…") {
		t.Errorf("scrub of 3 MB is %d bytes: %q", len(got), got)
	}
	if strings.ContainsRune(got, '\uFFFD') {
		t.Error("a character was cut in two")
	}
}

// FuzzText checks the promise for any text that a server might build around a
// token.
func FuzzText(f *testing.F) {
	const sent = "fm2_lJPECQgXYZ0123456789+/abcdef=="
	f.Add("", "", 4, 20)
	f.Add("error: ", " is bad", 0, len(sent))
	f.Add("fm2_l J.P-E", " C Q g X Y Z 0", 30, len(sent))
	f.Add("\u202e", "\x00", 7, 13)
	f.Fuzz(func(t *testing.T, before, after string, from, to int) {
		if from < 0 || to > len(sent) || to-from < shared {
			t.Skip()
		}
		got := Text(before+sent[from:to]+after, sent)
		for i := 0; i+shared <= len(sent); i++ {
			if strings.Contains(got, sent[i:i+shared]) {
				t.Fatalf("scrub left %q in %q", sent[i:i+shared], got)
			}
		}
		if left := longestShared(got, sent); left >= shared {
			t.Fatalf("scrub left %d bytes, with separators between them, in %q", left, got)
		}
	})
}
