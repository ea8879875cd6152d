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
	// App is the app that the name contains; "" if a user chose the name.
	App string
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
	app, _ := strings.CutPrefix(label, "terraform-provider-fly ")
	if app == label || token.ValidateApp(app) != nil {
		app = ""
	}
	return Name{Kind: kind, App: app}, isSuffix(suffix) && (app != "" || kind == token.MintManaged)
}

// isSuffix reports whether [token.MintSuffix] could have made s.
func isSuffix(s string) bool {
	return len(s) == suffixLength && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
