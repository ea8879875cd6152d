package main

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// life is the lifetime in the demo's token.
const life = 30 * 24 * time.Hour

// madeUpToken returns a token in Fly's format that Fly did not issue: a
// macaroon for one app, signed with a temporary key. Fly would refuse it.
func madeUpToken(now time.Time) (string, error) {
	secret := make([]byte, 64)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("make up a token: %w", err)
	}
	seed := macaroons.Seed{Key: secret[:32], KeyID: secret[32:48], Random: secret[48:], Location: macaroon.LocationPermission}
	m, err := macaroons.New(seed, macaroon.Apps{1: macaroon.ActionAll}, macaroon.Window(now, now.Add(life)))
	if err != nil {
		return "", fmt.Errorf("make up a token: %w", err)
	}
	return "FlyV1 " + m.Reveal(), nil
}
