package mint

import (
	"context"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// verdict is what to do about an announced mint.
type verdict int

const (
	// leave is for a mint whose owner manages it.
	leave verdict = iota
	// forget is for a mint whose token has an owner, or has expired.
	forget
	// revoke is for a mint whose token certainly has no owner.
	revoke
	// revokeNew is for a rotation whose new token certainly has no owner, while a
	// different state may have the replaced one.
	revokeNew
	// revokeBoth is for a rotation whose new and replaced tokens certainly have no
	// owner.
	revokeBoth
	// report is for a mint whose token may have no owner.
	report
)

// Seen forgets the mint of a token that is in the engine's state. place is the
// [token.Request.Place] that it was announced at.
func (m *Minter) Seen(ctx context.Context, place, id string) error {
	if id == "" {
		return nil
	}
	return m.cfg.Journal.ForgetID(ctx, place, id)
}

// Clear decides about the mints that earlier processes announced at the place of w
// and did not forget. It revokes a token only if w's state certainly never
// received it. It is for applies, because a plan revokes nothing.
func (m *Minter) Clear(ctx context.Context, w Managed) []token.Warning {
	return m.sweep(ctx, w.Request.Place(), func(one token.Mint) verdict { return m.judge(ctx, one, w) })
}

// clearLeases revokes the leases at a place of processes that have certainly
// ended.
func (m *Minter) clearLeases(ctx context.Context, place string) []token.Warning {
	return m.sweep(ctx, place, func(one token.Mint) verdict {
		if one.Kind != token.MintLease {
			return leave
		}
		return m.judge(ctx, one, Managed{})
	})
}

// Recover revokes the tokens that sources minted at a place and did not store. The
// caller holds its claim. So no other source is minting, and a source
// that lost its claim returns its token to no caller. It does not matter
// whether the owner has ended.
func (m *Minter) Recover(ctx context.Context, place string, left []token.Mint) {
	for _, one := range left {
		if one.Kind != token.MintSource || one.Delivered {
			continue
		}
		v := m.judge(ctx, one, Managed{})
		if v == report || one.Owner == m.cfg.Journal.Owner() {
			v = revoke
		}
		_ = m.act(ctx, place, one, v) // it stays announced if it fails
	}
}

// judge decides about one mint during an apply of w.
func (m *Minter) judge(ctx context.Context, one token.Mint, w Managed) verdict {
	here := one.Workspace != "" && one.Workspace == w.Workspace
	// The state of w has, or had, the token to replace, and not its
	// replacement.
	superseded := one.Replaces != "" && (one.Replaces == w.Replaces || one.Replaces == w.Predecessor)
	again := w.Replaces == "" && here && one.Spec == w.Spec
	if m.cfg.Now().After(one.ExpiresAt) || one.ID != "" && one.ID == w.Replaces {
		return forget
	}
	if !one.Delivered {
		switch alive, certain := m.cfg.Journal.Alive(ctx, one.Owner); {
		case !certain:
			return report
		case alive:
			return leave
		case one.Kind != token.MintManaged, superseded, again && one.Replaces == "":
			return revoke
		}
	}
	if superseded && here {
		return revoke // the engine was killed before it wrote state
	}
	loss := LostNothing
	if here && one.Engine != w.Engine && w.Lost != nil {
		loss = w.Lost(one)
	}
	switch {
	case loss == LostNew, loss != LostNothing && one.Replaces == "":
		return revoke
	case loss == LostBoth:
		return revokeBoth
	case loss == LostNewPerhapsBoth:
		return revokeNew
	case one.Delivered && !again:
		return leave
	default:
		return report // the engine lost its state, or the resource was moved to a different one
	}
}

// sweep carries out the verdict of decide for each mint announced at a place.
func (m *Minter) sweep(ctx context.Context, place string, decide func(token.Mint) verdict) []token.Warning {
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
		if v == revokeNew || v == revokeBoth {
			warnings = append(warnings, emptiedWarning(one, v))
		}
	}
	return warnings
}

// act carries out a verdict. Fly may still make a token that it does not list,
// because the request may be on its way. So its mint stays announced.
func (m *Minter) act(ctx context.Context, place string, one token.Mint, v verdict) error {
	switch v {
	case leave, report:
		return nil
	case revokeBoth:
		if err := m.revokeID(ctx, one.Replaces); err != nil {
			return err
		}
	}
	if v != forget {
		if found, err := m.revokeMint(ctx, one.Request, one.ID, one.Name); err != nil || !found {
			return err
		}
	}
	return m.cfg.Journal.Forget(ctx, place, one.Name)
}

// leftWarning names a token that may have no owner.
func leftWarning(one token.Mint) token.Warning {
	id := one.ID
	if id == "" {
		id = "ID"
	}
	replaced := ""
	if one.Replaces != "" {
		replaced = fmt.Sprintf(" It should have replaced token %s.", one.Replaces)
	}
	return token.Warning{
		Summary: "Fly Token May Have No Owner",
		Detail: fmt.Sprintf("An earlier run minted %q for %s, and the provider cannot know whether a state received it. It is not revoked, because a different state may hold it. "+
			"If no state does, run `fly tokens revoke %s`; `fly tokens list` shows the token by that name.%s", one.Name, one.Request.Subject(), id, replaced),
	}
}

// emptiedWarning reports a rotation whose tokens an emptied state file lost.
func emptiedWarning(one token.Mint, v verdict) token.Warning {
	lost := fmt.Sprintf("An earlier run was killed while it wrote the state file, and left it empty. So the state lost token %s for %s, and %q, which should have replaced it. ",
		one.Replaces, one.Request.Subject(), one.Name)
	if v == revokeBoth {
		return token.Warning{
			Summary: "Fly Tokens of Lost State Revoked",
			Detail:  lost + "Both are revoked, without an overlap. Their consumers need the new token.",
		}
	}
	return token.Warning{
		Summary: "Fly Token May Have No Owner",
		Detail: lost + fmt.Sprintf("The new token is revoked. %s is not, because a state in a different backend may hold it. If no state does, run `fly tokens revoke %s`.",
			one.Replaces, one.Replaces),
	}
}

// unsweptWarning reports that tokens of an earlier run could not be looked up.
func unsweptWarning(place string, err error) token.Warning {
	return token.Warning{
		Summary: "Unable to Revoke Token of Earlier Run",
		Detail: fmt.Sprintf("An earlier run that did not end normally may have left a token for %s at Fly. The provider cannot revoke it now: %s. "+
			"The next apply that mints a token for it tries again. `fly tokens list` shows the token by a name that contains `terraform`.", token.At(place).Subject(), err),
	}
}
