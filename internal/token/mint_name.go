package token

import (
	"crypto/rand"
	"strings"
)

// The beginning of the names that users did not choose, and what follows it for an
// organization. No app's name has a space.
const (
	MintPrefix             = "terraform-provider-fly "
	MintOrganizationPrefix = "organization "
)

// MintLabel begins the name of a token for req whose user chose none. That of an
// organization's token is never that of an app's.
func MintLabel(req Request) string {
	if req.App == "" {
		return MintPrefix + MintOrganizationPrefix + req.Organization
	}
	return MintPrefix + req.App
}

// MintName returns a unique name for a token to mint for req. Fly lists the
// token by this name.
func MintName(req Request) string { return MintLabel(req) + " " + MintSuffix() }

// MintSuffix returns a suffix that makes a name unique.
func MintSuffix() string { return strings.ToLower(rand.Text()[:10]) }
