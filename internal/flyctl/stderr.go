package flyctl

import (
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/scrub"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// errorPrefix begins the line with flyctl's error.
const errorPrefix = "Error: "

// usefulLine picks the line of stderr with the error: the first that starts
// with "Error:", else the first that is not a warning, else "". It returns the
// whole line, to search for a cause, and the part that may be quoted, without a
// full stop.
func usefulLine(stderr []byte, login token.Token) (whole, quoted string) {
	for line := range strings.Lines(string(stderr)) {
		fit := scrub.Text(withoutQuery(line), login.Reveal())
		if rest, ok := strings.CutPrefix(fit, errorPrefix); ok {
			return line, strings.TrimRight(rest, ".: ")
		}
		if quoted == "" && !strings.HasPrefix(strings.ToLower(fit), "warn") {
			whole, quoted = line, strings.TrimRight(fit, ".: ")
		}
	}
	return whole, quoted
}

// withoutQuery removes the GraphQL query that flyctl prints before Fly's answer
// (superfly/fly-go, Client.RunWithContext). The query alone is longer than a
// quotation may be.
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
