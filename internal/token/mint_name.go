package token

import (
	"crypto/rand"
	"strings"
)

// MintName returns a unique name for a token to mint for app. Fly lists the
// token by this name.
func MintName(app string) string {
	return "terraform-provider-fly " + app + " " + MintSuffix()
}

// MintSuffix returns a suffix that makes a name unique.
func MintSuffix() string { return strings.ToLower(rand.Text()[:10]) }
