package macaroon

import (
	"bytes"
	"slices"
	"time"
)

// The locations of Fly's macaroons, from flyio/flyio.go of superfly/macaroon and
// from flyctl.
const (
	// LocationPermission is that of a macaroon that grants something.
	LocationPermission = "https://api.fly.io/v1"
	// LocationAuthentication is that of a discharge that states a user's
	// identity.
	LocationAuthentication = "https://api.fly.io/aaa/v1"
	// locationAuth is the newer location for the same purpose.
	locationAuth = "https://auth.fly.io"
	// LocationSecrets is that of a macaroon for an app's secrets.
	LocationSecrets = "https://api.fly.io/secrets/v1" //nolint:gosec // An address, not a secret.
)

// Kind is the purpose of a macaroon.
type Kind string

// The kinds of macaroon, by location.
const (
	KindPermission     Kind = "permission"
	KindAuthentication Kind = "authentication"
	KindSecrets        Kind = "secrets"
	KindOther          Kind = "other"
)

// Kind classifies the macaroon by its location, never by its prefix or its
// position in a bundle.
func (m *Macaroon) Kind() Kind {
	switch m.location {
	case LocationPermission:
		return KindPermission
	case LocationAuthentication, locationAuth:
		return KindAuthentication
	case LocationSecrets:
		return KindSecrets
	default:
		return KindOther
	}
}

// Grant is a permission macaroon with its discharges from the same bundle.
type Grant struct {
	// Permission is the permission macaroon.
	Permission *Macaroon
	// Discharges are the macaroons whose key id is a ticket of it.
	Discharges []*Macaroon
	// Missing are the third parties that no discharge in the bundle answers.
	// Fly refuses such a token.
	Missing []ThirdParty
}

// Grants returns the permission macaroons of b with their discharges, in order.
func (b Bundle) Grants() []Grant {
	macaroons := b.Macaroons()
	var list []Grant
	for _, m := range macaroons {
		if m.Kind() == KindPermission {
			list = append(list, newGrant(m, macaroons))
		}
	}
	return list
}

func newGrant(m *Macaroon, others []*Macaroon) Grant {
	g := Grant{Permission: m}
	for _, c := range m.caveats {
		tp, ok := c.(ThirdParty)
		if !ok {
			continue
		}
		answered := false
		for _, d := range others {
			if d.Kind() != KindPermission && bytes.Equal(d.kid, tp.Ticket) {
				g.Discharges = append(g.Discharges, d)
				answered = true
			}
		}
		if !answered {
			g.Missing = append(g.Missing, tp)
		}
	}
	return g
}

// Expiry returns the last instant at which the grant is valid: the earliest
// NotAfter of the permission macaroon and its discharges. It is zero if none of
// them has a validity window.
func (g Grant) Expiry() time.Time {
	end := g.Permission.NotAfter()
	for _, d := range g.Discharges {
		end = earlier(end, d.NotAfter())
	}
	return end
}

// ExpiredAt reports whether the grant has expired. The instant of its expiry is
// still valid, as in superfly/macaroon.
func (g Grant) ExpiredAt(now time.Time) bool {
	return pastAt(g.Expiry(), now)
}

func pastAt(end, now time.Time) bool { return !end.IsZero() && now.After(end) }

// Expiry returns the earliest expiry of the grants of b that are valid at now.
// The earliest counts because any of them may be the one that a holder needs:
// there can be one for each organization, or two for one app. If all grants
// have expired, it returns the latest of their expiries. It is zero if no grant
// has a validity window.
func (b Bundle) Expiry(now time.Time) time.Time {
	var first, last time.Time
	alive := false
	for _, g := range b.Grants() {
		end := g.Expiry()
		if !pastAt(end, now) {
			alive = true
			first = earlier(first, end)
		} else if end.After(last) {
			last = end
		}
	}
	if alive {
		return first
	}
	return last
}

// Usable returns the usable parts of b at now: each permission macaroon that
// has not expired and whose third parties all have an unexpired discharge, with
// these discharges. OAuth tokens and other parts are left out. A validity
// window that has not begun yet does not matter, because clocks differ.
func (b Bundle) Usable(now time.Time) Bundle {
	alive := b.filter(func(p part) bool {
		return p.macaroon != nil && !pastAt(p.macaroon.NotAfter(), now)
	})
	return alive.selected(func(g Grant) bool { return len(g.Missing) == 0 })
}

// ForOrganization returns the permission macaroons of one organization, by
// number, with their discharges.
func (b Bundle) ForOrganization(id uint64) Bundle {
	return b.selected(func(g Grant) bool {
		org, ok := g.Permission.OrganizationID()
		return ok && org == id
	})
}

// selected returns the grants that keep picks, and their discharges, in the
// order of b.
func (b Bundle) selected(keep func(Grant) bool) Bundle {
	var wanted []*Macaroon
	for _, g := range b.Grants() {
		if keep(g) {
			wanted = append(append(wanted, g.Permission), g.Discharges...)
		}
	}
	return b.filter(func(p part) bool { return slices.Contains(wanted, p.macaroon) })
}
