package token

import (
	"crypto/rand"
	"strings"
)

// MintName returns a name for a token to be minted for app. Fly lists the token by
// it, and no other token has it.
func MintName(app string) string {
	return "terraform-provider-fly " + app + " " + MintSuffix()
}

// MintSuffix returns what makes a name unique.
func MintSuffix() string { return strings.ToLower(rand.Text()[:10]) }
