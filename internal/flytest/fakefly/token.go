package fakefly

import (
	"crypto/sha512"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
)

// Token is a token as Fly's servers make it: a permission macaroon that wants to
// know who uses it, and the discharge that says so. Nobody holds its keys, and
// Fly accepts it nowhere. Equal Tokens have equal texts.
type Token struct {
	// Seed tells tokens apart.
	Seed string
	// Organization is the number of its organization; 0 is one of the fake's.
	Organization uint64
	// Mask holds the actions that are allowed in it; 0 is all of them.
	Mask macaroon.Action
	// NotAfter is when it expires; zero is never.
	NotAfter time.Time
	// DischargeNotAfter is when its discharge does; zero is never.
	DischargeNotAfter time.Time
}

// organization is the number of the organization of tokens that name none.
const organization = 4711

// Text returns the token without a scheme: the macaroon and its discharge.
func (t Token) Text() string { return t.Permission() + "," + t.Discharge() }

// Permission returns the permission macaroon alone, which Fly would refuse.
func (t Token) Permission() string {
	org := macaroon.Organization{ID: t.Organization, Mask: t.Mask}
	if org.ID == 0 {
		org.ID = organization
	}
	if org.Mask == 0 {
		org.Mask = macaroon.ActionAll
	}
	caveats := append([]macaroon.Caveat{org}, until(t.NotAfter)...)
	m, err := macaroon.New(
		macaroon.Seed{Key: t.bytes("key", 32), KeyID: t.bytes("kid", 16), Random: t.bytes("nonce", 16), Location: macaroon.LocationPermission},
		append(caveats, macaroon.ThirdParty{
			Location: macaroon.LocationAuthentication, VerifierKey: t.bytes("verifier", 60), Ticket: t.bytes("ticket", 60),
		})...,
	)
	return text(m, err)
}

// Discharge returns the discharge alone.
func (t Token) Discharge() string {
	return text(macaroon.NewDischarge(
		macaroon.Seed{
			Key: t.bytes("discharge key", 32), KeyID: t.bytes("ticket", 60), Random: t.bytes("discharge nonce", 16),
			Location: macaroon.LocationAuthentication,
		},
		append([]macaroon.Caveat{macaroon.IsUser{ID: 42}}, until(t.DischargeNotAfter)...)...,
	))
}

// until returns the validity window that ends then; none for the zero time. It
// begins long before, for clocks differ.
func until(end time.Time) []macaroon.Caveat {
	if end.IsZero() {
		return nil
	}
	return []macaroon.Caveat{macaroon.Window(time.Unix(0, 0), end)}
}

// bytes returns size bytes, up to 64, that depend on the seed and on what they
// are for.
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
