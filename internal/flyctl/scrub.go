package flyctl

import (
	"regexp"
	"strings"
	"unicode"
)

// maxQuote bounds what is quoted of another program's words, in runes.
const maxQuote = 240

// removed stands for what was scrubbed.
const removed = "[removed]"

// colours are what flyctl puts around its words on some terminals.
var colours = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// secrets are the shapes in which a credential may stand in a message.
var secrets = []struct {
	shape *regexp.Regexp
	with  string
}{
	{regexp.MustCompile(`(?i)(?:fm1r|fm1a|fm2|fo1)_[^\s"'<>]*`), removed},
	{regexp.MustCompile(`(?i)\b(bearer|flyv1|basic)\s+[^\s:"']{8,}`), "$1 " + removed},
	{regexp.MustCompile(`://[^/\s@]+@`), "://" + removed + "@"},
	// A piece of a token that lost its prefix.
	{regexp.MustCompile(`[A-Za-z0-9+/=_]{32,}`), removed},
}

// scrub makes a line of another program's words fit to be quoted: without
// anything that may be a credential, without control characters, and short.
func scrub(line string) string {
	// First what could hide a credential from the patterns.
	line = strings.ToValidUTF8(colours.ReplaceAllString(line, ""), "")
	line = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, line)
	for _, s := range secrets {
		line = s.shape.ReplaceAllString(line, s.with)
	}
	line = strings.Join(strings.Fields(line), " ")
	if runes := []rune(line); len(runes) > maxQuote {
		return string(runes[:maxQuote]) + "…"
	}
	return line
}

// usefulLine picks the line of stderr that says what went wrong: the first that
// starts with "Error:", else the first that is no warning, and "" for none.
func usefulLine(stderr []byte) string {
	first := ""
	for line := range strings.Lines(string(stderr)) {
		line = scrub(line)
		if rest, ok := strings.CutPrefix(line, "Error: "); ok {
			return rest
		}
		lower := strings.ToLower(line)
		if first == "" && !strings.HasPrefix(lower, "warn") {
			first = line
		}
	}
	return first
}
