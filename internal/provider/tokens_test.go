package provider_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// macaroonFor returns a macaroon that no key of Fly's has signed, the same for
// the same seed. It does not expire.
func macaroonFor(seed string) string { return mint(seed) }

// macaroonUntil returns one that is valid until the given instant.
func macaroonUntil(seed string, until time.Time) string {
	return mint(seed, macaroon.ValidityWindow{NotBefore: until.Add(-24 * time.Hour).Unix(), NotAfter: until.Unix()})
}

func mint(seed string, caveats ...macaroon.Caveat) string {
	key := sha256.Sum256([]byte("a key for tests: " + seed))
	m, err := macaroons.New(macaroons.Seed{KeyID: key[:16], Random: key[16:], Key: key[:], Location: macaroon.LocationPermission}, caveats...)
	if err != nil {
		panic(err) // These arguments cannot cause an error.
	}
	return m.Reveal()
}

// oauthFor returns a text with the form of an OAuth token. It gives access to
// nothing.
func oauthFor(seed string) string {
	sum := sha256.Sum256([]byte("a login for tests: " + seed))
	return "fo1_" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// fingerprintOf is the documented fingerprint of a token without a scheme.
func fingerprintOf(tok string) string {
	sum := sha256.Sum256([]byte(tok))
	return hex.EncodeToString(sum[:])[:16]
}
