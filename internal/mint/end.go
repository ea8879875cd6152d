package mint

import (
	"context"
	"errors"
	"slices"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Ended is a token that is revoked at Fly.
type Ended struct {
	flyapi.Found
	// Before means that it was revoked before the call.
	Before bool
	// Places are the [token.Request.Place] values where storage may have it.
	Places []string
}

// RevokeListed revokes the token with that identifier, which may be of any user. The
// error's kind is [flyapi.ErrNoSuchToken] if Fly shows no such token to the login.
func (m *Minter) RevokeListed(ctx context.Context, id string) (Ended, error) {
	login, err := m.cfg.Login(ctx)
	if err != nil {
		return Ended{}, err
	}
	listed, err := m.cfg.Client.LookupToken(ctx, login, id)
	switch {
	case err == nil:
		return m.end(ctx, flyapi.Found{Listed: listed})
	case !errors.Is(err, flyapi.ErrNoSuchToken) && !errors.Is(err, flyapi.ErrInvalid):
		return Ended{}, err
	}
	// Without the look-up, only the revocation itself says whether there is one.
	if err := m.cfg.Client.Revoke(ctx, login, id); err != nil {
		return Ended{}, err
	}
	return Ended{Found: flyapi.Found{Listed: flyapi.Listed{ID: id}}}, nil
}

// RevokeBundle revokes the tokens that a bundle of macaroons was made from. It
// returns those that are revoked, and the first failure.
func (m *Minter) RevokeBundle(ctx context.Context, bundle macaroon.Bundle) ([]Ended, error) {
	login, err := m.cfg.Login(ctx)
	if err != nil {
		return nil, err
	}
	found, err := m.cfg.Client.FindToken(ctx, login, bundle)
	if err != nil {
		return nil, err
	}
	var all []Ended
	for _, one := range found {
		ended, err := m.end(ctx, one)
		if err != nil {
			return all, err
		}
		all = append(all, ended)
	}
	return all, nil
}

// end revokes a token that Fly lists, and forgets its mint.
func (m *Minter) end(ctx context.Context, one flyapi.Found) (Ended, error) {
	ended := Ended{Found: one, Before: !one.RevokedAt.IsZero()}
	if name, ours := ParseName(one.Name); ours && name.App != "" && !slices.Contains(one.Apps, name.App) {
		ended.Apps = append(slices.Clone(one.Apps), name.App)
	}
	if !ended.Before {
		if err := m.revokeID(ctx, one.ID); err != nil {
			return Ended{}, err
		}
	}
	ended.Places = ended.Apps
	if name, _ := ParseName(one.Name); name.Organization != "" {
		ended.Places = []string{token.Request{Organization: name.Organization}.Place()}
	}
	for _, place := range ended.Places {
		m.forgetListed(ctx, place, []flyapi.Listed{one.Listed})
	}
	return ended, nil
}
