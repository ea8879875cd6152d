package mint

import (
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// suffixLength is the length of the result of [token.MintSuffix].
const suffixLength = 10

// Name holds the parts of a minted token's name.
type Name struct {
	// Kind is the purpose of the token.
	Kind token.MintKind
	// Label begins the name.
	Label string
	// App is the app that the name contains; "" if a user chose the name.
	App string
	// Organization is the organization that the name contains; "" for an app's.
	Organization string
}

// ParseName reads the name of a token at Fly. The result is false for a name that
// this provider does not give.
func ParseName(name string) (Name, bool) {
	at := strings.LastIndexByte(name, ' ')
	if at < 0 {
		return Name{}, false
	}
	label, suffix, kind := name[:at], name[at+1:], token.MintSource
	if inner, ok := strings.CutSuffix(suffix, ")"); ok {
		var managed, lease bool
		suffix, kind = inner, token.MintLease
		if label, managed = strings.CutSuffix(label, " (terraform"); managed {
			kind = token.MintManaged
		} else if label, lease = strings.CutSuffix(label, " (ephemeral"); !lease {
			return Name{}, false
		}
	}
	parsed := Name{Kind: kind, Label: label}
	if subject, ok := strings.CutPrefix(label, token.MintPrefix); ok {
		slug, ofOrganization := strings.CutPrefix(subject, token.MintOrganizationPrefix)
		switch {
		case ofOrganization && token.ValidateOrganization(slug) == nil:
			parsed.Organization = slug
		case token.ValidateApp(subject) == nil:
			parsed.App = subject
		}
	}
	known := parsed.App != "" || parsed.Organization != "" || kind == token.MintManaged
	return parsed, isSuffix(suffix) && known
}

// isSuffix reports whether [token.MintSuffix] could have made s.
func isSuffix(s string) bool {
	return len(s) == suffixLength && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
