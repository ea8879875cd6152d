package provider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// macaroonFor returns a text that is shaped like a token of macaroons, the same
// for the same seed. It opens nothing.
func macaroonFor(seed string) string {
	sum := sha256.Sum256([]byte("a token for tests: " + seed))
	return "fm2_" + base64.StdEncoding.EncodeToString(append(sum[:], sum[:]...))
}

// oauthFor returns a text that is shaped like an OAuth token. It opens nothing.
func oauthFor(seed string) string {
	sum := sha256.Sum256([]byte("a login for tests: " + seed))
	return "fo1_" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// fingerprintOf is the documented fingerprint of a token without a scheme.
func fingerprintOf(tok string) string {
	sum := sha256.Sum256([]byte(tok))
	return hex.EncodeToString(sum[:])[:16]
}
