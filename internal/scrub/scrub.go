// Package scrub makes the output of other programs and servers safe to quote.
package scrub

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	// maxQuote bounds a quotation of a different program's output, in bytes.
	maxQuote = 300
	// shared is the length in bytes of the shortest common piece of a text and the
	// sent token that counts as a leak. It is longer than a prefix with its
	// underscore.
	shared = 6
	masked = "[redacted]"
	// manyRuns is the number of long runs that count as one token in groups.
	manyRuns = 3
	// maxScrub bounds the examined part of a text, in bytes.
	maxScrub = 16 << 10
)

// patterns are the patterns of [Text].
type patterns struct {
	// colours are the escape sequences of terminals.
	colours *regexp.Regexp
	// token is a token's prefix with everything that follows, including escapes
	// of JSON and URLs.
	token *regexp.Regexp
	// header is an authorization header of any scheme.
	header *regexp.Regexp
	// secret is a run that is longer than any word, host or identifier of Fly.
	secret *regexp.Regexp
	// run may be a piece of base64.
	run *regexp.Regexp
	// userInfo is a name and password in a URL, for example a proxy's.
	userInfo *regexp.Regexp
}

// scrubbed are compiled at their first use, because a process that only returns
// its schema needs none.
var scrubbed = sync.OnceValue(func() patterns {
	return patterns{
		colours:  regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`),
		token:    regexp.MustCompile(`(?i)(fm2|fm1r|fm1a|fo1)_[^\s"'<>,;]*`),
		header:   regexp.MustCompile(`(?i)\b(flyv1|bearer|basic)\s+[^\s:"'<>,;]{6,}`),
		secret:   regexp.MustCompile(`[A-Za-z0-9+/=_-]{40,}|[A-Za-z0-9+/=_]{32,}`),
		run:      regexp.MustCompile(`[A-Za-z0-9+/=_]{20,}`),
		userInfo: regexp.MustCompile(`://[^/\s"'@]*@`),
	}
})

// Text makes the output of a server or a program safe to quote. The result has
// nothing that looks like a token and no part of the sent token. It is one
// line, printable and short. If something like a token remains, it returns a
// notice instead of the text.
func Text(text, sent string) string {
	p := scrubbed()
	// Unprintable characters are removed first, because they may be inside a
	// token.
	text = p.colours.ReplaceAllString(text[:min(len(text), maxScrub)], "")
	text = strings.Map(printable, text)
	text = maskShared(text, sent)
	text = p.userInfo.ReplaceAllString(text, "://")
	text = p.token.ReplaceAllString(text, masked)
	text = p.header.ReplaceAllString(text, "$1 "+masked)
	if len(p.secret.FindAllStringIndex(text, manyRuns)) == manyRuns {
		// The last piece of a token in groups is too short to be found alone.
		return withheld
	}
	text = p.secret.ReplaceAllString(text, masked)
	text = strings.Join(strings.Fields(text), " ")
	if leaks(text, sent) {
		return withheld
	}
	return cut(p.run.ReplaceAllStringFunc(text, maskRandom))
}

// printable turns white space into spaces and drops unprintable characters.
func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case r == utf8.RuneError || !unicode.IsPrint(r):
		return -1
	default:
		return r
	}
}

// cut shortens text to maxQuote bytes without breaking a character.
func cut(text string) string {
	if len(text) <= maxQuote {
		return text
	}
	end := maxQuote
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// maskShared masks each stretch of text that is also in secret.
func maskShared(text, secret string) string {
	pieces := runsOf(secret, shared)
	var b strings.Builder
	from := 0
	for i := 0; i+shared <= len(text); {
		end := i + shared
		if !pieces[text[i:end]] {
			i++
			continue
		}
		for end < len(text) && pieces[text[end-shared+1:end+1]] {
			end++
		}
		b.WriteString(text[from:i] + masked)
		from, i = end, end
	}
	return b.String() + text[from:]
}
