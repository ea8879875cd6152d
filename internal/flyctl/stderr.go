package flyctl

import (
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// errorPrefix begins the line in which flyctl says why it failed.
const errorPrefix = "Error: "

// usefulLine picks the line of stderr that says what went wrong: the first that
// starts with "Error:", else the first that is no warning, and "" for none. It
// returns the whole line, in which a cause can be looked for, and what of it may
// be quoted, without a full stop: the advice follows.
func usefulLine(stderr []byte, login token.Token) (whole, quoted string) {
	for line := range strings.Lines(string(stderr)) {
		fit := token.Scrub(withoutQuery(line), login)
		if rest, ok := strings.CutPrefix(fit, errorPrefix); ok {
			return line, strings.TrimRight(rest, ".: ")
		}
		if quoted == "" && !strings.HasPrefix(strings.ToLower(fit), "warn") {
			whole, quoted = line, strings.TrimRight(fit, ".: ")
		}
	}
	return whole, quoted
}

// withoutQuery removes the text of the GraphQL query that flyctl prints in front
// of the answer to it (superfly/fly-go, Client.RunWithContext). It is longer than
// what is quoted.
func withoutQuery(line string) string {
	const intro = "failed to run query"
	before, query, ok := strings.Cut(line, intro)
	if !ok {
		return line
	}
	depth := 0
	for i, r := range query {
		switch r {
		case '{':
			depth++
		case '}':
			depth--
			if rest, ends := strings.CutPrefix(query[i:], "}: "); depth == 0 && ends {
				return before + rest
			}
		}
	}
	return line
}
