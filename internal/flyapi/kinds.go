package flyapi

import "github.com/flytokens/terraform-provider-fly/internal/macaroon"

// TokenKind is a kind of token that flyctl makes: what it adds to the token that Fly
// mints for an app or an organization, and the proof of what comes of it.
type TokenKind struct {
	narrow func(macaroon.Bundle) (macaroon.Bundle, error)
	// prove takes the number of the app, or of the organization if the token is
	// for no app.
	prove func(macaroon.Bundle, uint64) error
}

// OrganizationToken gives access to everything in an organization.
func OrganizationToken() *TokenKind {
	unchanged := func(b macaroon.Bundle) (macaroon.Bundle, error) { return b, nil }
	return &TokenKind{unchanged, macaroon.Bundle.ProveOrganization}
}

// ReadOrganizationToken reads everything in an organization.
func ReadOrganizationToken() *TokenKind {
	return &TokenKind{macaroon.Bundle.ReadOrganization, macaroon.Bundle.ProveReadOrganization}
}

// WireGuardToken manages the WireGuard peers of an organization.
func WireGuardToken() *TokenKind {
	return &TokenKind{macaroon.Bundle.WireGuard, macaroon.Bundle.ProveWireGuard}
}

// SSHToken opens consoles on the machines of an app.
func SSHToken() *TokenKind { return &TokenKind{macaroon.Bundle.SSH, macaroon.Bundle.ProveSSH} }

// MachineExecToken executes these commands on the machines of an app; without
// commands, every command.
func MachineExecToken(commands ...macaroon.Command) *TokenKind {
	return &TokenKind{
		func(b macaroon.Bundle) (macaroon.Bundle, error) { return b.MachineExec(commands...) },
		func(b macaroon.Bundle, appID uint64) error { return b.ProveMachineExec(appID, commands...) },
	}
}

// from makes a token of the kind of one that Fly minted for an organization and,
// unless app is zero, for one app. Without a kind, that of an organization reads it.
func (k *TokenKind) from(b macaroon.Bundle, of Organization, app App) (macaroon.Bundle, error) {
	number := uint64(of.NumericID)
	switch {
	case k == nil && app.ID != "":
		return b, nil
	case k == nil:
		return b.Attenuate(macaroon.Organization{ID: number, Mask: macaroon.ActionRead})
	case app.ID != "":
		number = uint64(app.NumericID)
	}
	b, err := k.narrow(b)
	if err == nil {
		err = k.prove(b, number)
	}
	return b, err
}
