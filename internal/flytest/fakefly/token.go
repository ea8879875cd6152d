package fakefly

import (
	"crypto/sha512"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/macaroons"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// Token is a token like those of Fly's servers: a permission macaroon that
// requires authentication, and the discharge that proves it. Its keys do not
// exist, so Fly does not accept it. Equal Tokens have equal texts.
type Token struct {
	// Seed distinguishes tokens.
	Seed string
	// Organization is the number of its organization; 0 means the fake's.
	Organization uint64
	// Mask holds the allowed actions; 0 means all.
	mask macaroon.Action
	// NotAfter is its expiry; zero means never.
	NotAfter time.Time
	// DischargeNotAfter is the expiry of its discharge; zero means never.
	DischargeNotAfter time.Time
}

// organization is the default organization's number.
const organization = 4711

// Text returns the token without a scheme: the macaroon and its discharge.
func (t Token) Text() string { return t.Permission() + "," + t.Discharge() }

// Permission returns the permission macaroon alone, which Fly would refuse.
func (t Token) Permission() string {
	org := macaroon.Organization{ID: t.Organization, Mask: t.mask}
	if org.ID == 0 {
		org.ID = organization
	}
	if org.Mask == 0 {
		org.Mask = macaroon.ActionAll
	}
	caveats := append([]macaroon.Caveat{org}, until(t.NotAfter)...)
	m, err := macaroons.New(
		macaroons.Seed{Key: t.bytes("key", 32), KeyID: t.bytes("kid", 16), Random: t.bytes("nonce", 16), Location: macaroon.LocationPermission},
		append(caveats, macaroon.ThirdParty{
			Location: macaroon.LocationAuthentication, VerifierKey: t.bytes("verifier", 60), Ticket: t.bytes("ticket", 60),
		})...,
	)
	return text(m, err)
}

// Discharge returns the discharge alone.
func (t Token) Discharge() string {
	return text(macaroons.NewDischarge(
		macaroons.Seed{
			Key: t.bytes("discharge key", 32), KeyID: t.bytes("ticket", 60), Random: t.bytes("discharge nonce", 16),
			Location: macaroon.LocationAuthentication,
		},
		append([]macaroon.Caveat{macaroons.IsUser(42)}, until(t.DischargeNotAfter)...)...,
	))
}

// until returns the validity window that ends then; none for the zero time. It
// begins long before, because clocks differ.
func until(end time.Time) []macaroon.Caveat {
	if end.IsZero() {
		return nil
	}
	return []macaroon.Caveat{macaroon.Window(time.Unix(0, 0), end)}
}

// bytes returns size bytes, up to 64, that depend on the seed and on the
// purpose.
func (t Token) bytes(what string, size int) []byte {
	sum := sha512.Sum512([]byte(what + " of a token for tests: " + t.Seed))
	return sum[:size]
}

func text(m *macaroon.Macaroon, err error) string {
	if err != nil {
		panic(fmt.Sprintf("fakefly: a token that cannot be minted: %v", err))
	}
	return m.Reveal()
}
