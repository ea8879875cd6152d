package scrub

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// withheld replaces a text that still contains something like a token after
// masking.
const withheld = "[withheld: the message resembles a token]"

const (
	// randomRun is the number of letters and digits in which [looksRandom] counts
	// the changes between upper case, lower case and digits. Base64 changes at
	// about 24 of 39 places, prose at fewer than 10.
	randomRun     = 40
	randomChanges = 17
	// shortRun is the length from which one unbroken run is masked if it changes
	// as often as base64.
	shortRun = 20
	// hexRun is the number of hex digits to decode.
	hexRun = 32
	// sharedHex is the number of hex digits that count as a leak of the token that
	// was sent. It is twice the length of shared, because hex digits agree by
	// accident more often.
	sharedHex = 2 * shared
)

// uuid matches identifiers that are as random as a token but not secret.
var uuid = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
})

// leaks reports whether masked text without separators still contains something
// like a token: a part of the sent token, plain, reversed, in base64 or in hex,
// or a different token in groups.
func leaks(text, sent string) bool {
	joined := lettersAndDigits(text)
	if len(sent) >= shared {
		plain := lettersAndDigits(sent)
		for _, spelling := range append(base64Of(sent), plain, reversed(plain)) {
			if sharesRun(joined, spelling, shared) {
				return true
			}
		}
		lower := strings.ToLower(joined)
		for _, spelling := range []string{sent, reversed(sent)} {
			if sharesRun(lower, hex.EncodeToString([]byte(spelling)), sharedHex) {
				return true
			}
		}
	}
	joined = lettersAndDigits(uuid().ReplaceAllString(text, " "))
	return looksRandom(joined) || spellsInHex(text)
}

// lettersAndDigits returns the ASCII letters and digits of text.
func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if class(r) == other {
			return -1
		}
		return r
	}, text)
}

// sharesRun reports whether length consecutive bytes of a are also in b.
func sharesRun(a, b string, length int) bool {
	runs := runsOf(a, length)
	for i := 0; i+length <= len(b); i++ {
		if runs[b[i:i+length]] {
			return true
		}
	}
	return false
}

// runsOf is the set of all runs of that length in s.
func runsOf(s string, length int) map[string]bool {
	runs := make(map[string]bool, len(s))
	for i := 0; i+length <= len(s); i++ {
		runs[s[i:i+length]] = true
	}
	return runs
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// base64Of returns the letters and digits of secret in base64, for each of the
// three positions of secret in a longer text.
func base64Of(secret string) []string {
	var all []string
	for skip := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", skip) + secret))
		// The first and last groups depend on what is around the secret.
		if len(encoded) > 8 {
			all = append(all, lettersAndDigits(encoded[4:len(encoded)-4]))
		}
	}
	return all
}

type charClass int

const (
	other charClass = iota
	lower
	upper
	digit
)

func class(r rune) charClass {
	switch {
	case r >= 'a' && r <= 'z':
		return lower
	case r >= 'A' && r <= 'Z':
		return upper
	case r >= '0' && r <= '9':
		return digit
	default:
		return other
	}
}

// looksRandom reports whether some stretch of s, which is letters and digits
// alone, changes between cases and digits as often as base64 does.
func looksRandom(s string) bool {
	changes := 0
	for i := 1; i < len(s); i++ {
		changes += changeAt(s, i)
		if i >= randomRun {
			changes -= changeAt(s, i-randomRun+1)
		}
		if changes >= randomChanges {
			return true
		}
	}
	return false
}

// changeAt is 1 if the class changes between s[i-1] and s[i], else 0.
func changeAt(s string, i int) int {
	if i == 0 || class(rune(s[i-1])) == class(rune(s[i])) {
		return 0
	}
	return 1
}

// maskRandom masks an unbroken run that is shorter than those masked by length
// and looks like a piece of base64.
func maskRandom(run string) string {
	letters := lettersAndDigits(run)
	changes := 0
	var seen [digit + 1]bool
	for i := range len(letters) {
		seen[class(rune(letters[i]))] = true
		changes += changeAt(letters, i)
	}
	if seen[lower] && seen[upper] && seen[digit] && len(letters) >= shortRun && 20*changes >= 9*len(letters) {
		return masked
	}
	return run
}

// spellsInHex reports whether the hex digits of text, with separators between
// them or not, spell out text of a token's letters.
func spellsInHex(text string) bool {
	var digits strings.Builder
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, word := range append(words, "end") {
		word = strings.TrimPrefix(strings.ToLower(word), "0x")
		if strings.Trim(word, "0123456789abcdef") == "" {
			digits.WriteString(word)
			continue
		}
		if hexSpells(digits.String()) {
			return true
		}
		digits.Reset()
	}
	return false
}

// hexSpells reports whether hexRun consecutive digits decode to a token's letters.
func hexSpells(digits string) bool {
	for start := range 2 {
		good := 0
		for i := start; i+2 <= len(digits); i += 2 {
			b, err := hex.DecodeString(digits[i : i+2])
			if err != nil || class(rune(b[0])) == other && !strings.ContainsRune("+/=_-,", rune(b[0])) {
				good = 0
				continue
			}
			if good += 2; good >= hexRun {
				return true
			}
		}
	}
	return false
}
