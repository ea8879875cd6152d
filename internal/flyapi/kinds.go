package flyapi

import (
	"context"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

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

// IssueKind is [Issuer.Issue] for a kind. req names an app with access deploy, or
// an organization alone. A token that does not prove its kind is an error.
func (s *Issuer) IssueKind(ctx context.Context, req token.Request, kind *TokenKind, name string, ttl time.Duration) (Issued, error) {
	return s.issue(ctx, req, name, ttl, func(b macaroon.Bundle, of Organization, app App) (macaroon.Bundle, error) {
		number := of.NumericID
		if app.ID != "" {
			number = app.NumericID
		}
		b, err := kind.narrow(b)
		if err == nil {
			err = kind.prove(b, number)
		}
		return b, err
	})
}
