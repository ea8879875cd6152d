package flyctl

import (
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// usefulLine picks the line of stderr that says what went wrong: the first that
// starts with "Error:", else the first that is no warning, and "" for none. It is
// fit to be quoted.
func usefulLine(stderr []byte, login token.Token) string {
	first := ""
	for line := range strings.Lines(string(stderr)) {
		line = token.Scrub(line, login)
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
