package mint

import (
	"context"
	"fmt"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// verdict is what to do about an announced mint.
type verdict int

const (
	// leave is for a mint whose owner looks after it.
	leave verdict = iota
	// settle is for a mint whose token has an owner, or has expired.
	settle
	// revoke is for a mint whose token certainly has no owner.
	revoke
	// report is for a mint whose token may have no owner.
	report
)

// Seen settles the mint of a token that is in the engine's state. place is the
// [token.Request.Place] that it was announced at.
func (m *Minter) Seen(ctx context.Context, place, id string) error {
	if m.cfg.Journal == nil || id == "" {
		return nil
	}
	return m.cfg.Journal.SettleID(ctx, place, id)
}

// Clear settles what earlier processes announced at the place of w and left. It
// revokes a token only where w's state certainly never received it. It is for
// applies: a plan revokes nothing.
func (m *Minter) Clear(ctx context.Context, w Managed) []token.Warning {
	return m.sweep(ctx, w.Request.Place(), func(one token.Mint) verdict { return m.judge(ctx, one, w) })
}

// clearLeases revokes the leases at a place of processes that are certainly gone.
func (m *Minter) clearLeases(ctx context.Context, place string) []token.Warning {
	return m.sweep(ctx, place, func(one token.Mint) verdict {
		if one.Kind != token.MintLease {
			return leave
		}
		return m.judge(ctx, one, Managed{})
	})
}

// Recover revokes what links of the chain minted for app and did not store. The
// caller holds the app's claim: no other link is minting, and a link that lost its
// claim returns its token to no caller. So it does not have to be certain that the
// owner has ended.
func (m *Minter) Recover(ctx context.Context, app string, left []token.Mint) {
	if m.cfg.Journal == nil {
		return
	}
	for _, one := range left {
		if one.Kind != token.MintSource || one.Delivered {
			continue
		}
		v := m.judge(ctx, one, Managed{})
		if v == report || one.Owner == m.cfg.Journal.Owner() {
			v = revoke
		}
		_ = m.act(ctx, app, one, v) // it stays announced if it fails
	}
}

// judge decides about one mint while w is being applied.
func (m *Minter) judge(ctx context.Context, one token.Mint, w Managed) verdict {
	here := one.Workspace != "" && one.Workspace == w.Workspace
	// The state of w has, or had, the token that was to be replaced, and not the one
	// that replaces it.
	superseded := one.Replaces != "" && (one.Replaces == w.Replaces || one.Replaces == w.Predecessor)
	again := w.Replaces == "" && here && one.Spec == w.Spec
	// The engine of that time, which this one has succeeded, wrote no state after
	// the mint.
	unwritten := here && one.StateFile != "" && one.StateFile == w.StateFile && one.Engine != w.Engine
	switch {
	case m.cfg.Now().After(one.ExpiresAt), one.ID != "" && one.ID == w.Replaces:
		return settle
	case one.Delivered && (superseded && here || unwritten):
		return revoke // the engine was killed before it wrote state
	case one.Delivered && again:
		return report // the engine lost its state, or the resource was moved to another
	case one.Delivered:
		return leave
	}
	alive, certain := m.cfg.Journal.Alive(ctx, one.Owner)
	switch {
	case !certain:
		return report
	case alive:
		return leave
	case one.Kind != token.MintManaged, superseded, again && one.Replaces == "":
		return revoke
	default:
		return report
	}
}

// sweep does what decide says about each mint announced at a place.
func (m *Minter) sweep(ctx context.Context, place string, decide func(token.Mint) verdict) []token.Warning {
	if m.cfg.Journal == nil {
		return nil
	}
	mints, err := m.cfg.Journal.Announced(ctx, place)
	if err != nil {
		return []token.Warning{unsweptWarning(place, err)}
	}
	var warnings []token.Warning
	for _, one := range mints {
		v := decide(one)
		if v == report {
			warnings = append(warnings, leftWarning(one))
			continue
		}
		if err := m.act(ctx, place, one, v); err != nil {
			return append(warnings, unsweptWarning(place, err))
		}
	}
	return warnings
}

// act carries a verdict out. A token that Fly does not list may yet be made, since
// its request may be on its way: its mint stays announced.
func (m *Minter) act(ctx context.Context, place string, one token.Mint, v verdict) error {
	if v != settle && v != revoke {
		return nil
	}
	if v == revoke {
		var err error
		found := true
		if one.ID != "" {
			err = m.revokeID(ctx, one.ID)
		} else {
			found, err = m.revokeNamed(ctx, one.Request, one.Name, "")
		}
		if err != nil || !found {
			return err
		}
	}
	return m.cfg.Journal.Settle(ctx, place, one.Name)
}

// leftWarning names a token that may have no owner.
func leftWarning(one token.Mint) token.Warning {
	id := one.ID
	if id == "" {
		id = "ID"
	}
	replaced := ""
	if one.Replaces != "" {
		replaced = fmt.Sprintf(" It was to replace token %s.", one.Replaces)
	}
	return token.Warning{
		Summary: "Fly Token May Have No Owner",
		Detail: fmt.Sprintf("An earlier run minted %q for %s, and the provider cannot know whether a state received it. It is not revoked, because another state may hold it. "+
			"If no state does, run `fly tokens revoke %s`; `fly tokens list` shows the token by that name.%s", one.Name, subject(one.Request.Place()), id, replaced),
	}
}

// unsweptWarning says that what an earlier run may have left could not be looked
// for.
func unsweptWarning(place string, err error) token.Warning {
	return token.Warning{
		Summary: "Unable to Revoke Token of Earlier Run",
		Detail: fmt.Sprintf("An earlier run that did not end well may have left a token for %s at Fly. The provider cannot revoke it now: %s. "+
			"The next apply that mints a token for it tries again. `fly tokens list` shows the token by a name that contains `terraform`.", subject(place), err),
	}
}

// subject names what the tokens announced at a place are for.
func subject(place string) string {
	if app := token.AppOf(place); app != "" {
		return fmt.Sprintf("app %q", app)
	}
	return fmt.Sprintf("organization %q", strings.TrimPrefix(place, token.Request{}.Place()))
}
