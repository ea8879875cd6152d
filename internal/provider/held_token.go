package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flytokens/terraform-provider-fly/internal/flyapi"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// heldToken is the token of a resource that mints, rotates and revokes it.
type heldToken struct {
	// title is the token's name in messages, such as "Fly Deploy Token".
	title string
	// request is what the token was minted for.
	request token.Request
	// The other fields are the resource's attributes.
	token, id, expiresAt, ttl, rotateBefore types.String
	// overlap is how long the replaced token stays valid, if that is set.
	overlap string
}

// life is the lifetime of a token. The configuration's validation refuses invalid
// durations.
func (h heldToken) life() time.Duration {
	return durationOr(h.ttl, defaultDeployTTL)
}

// rotates is how long before its expiry a token is rotated.
func (h heldToken) rotates() time.Duration {
	return durationOr(h.rotateBefore, h.life()/4)
}

// lateRotation returns the fault of rotate_before, or "".
func (h heldToken) lateRotation() string {
	if h.rotates() < h.life() {
		return ""
	}
	return fmt.Sprintf("rotate_before (%s) must be less than ttl (%s): otherwise every apply would rotate the token.", short(h.rotates()), short(h.life()))
}

// end returns the token's expiry, if it is known.
func (h heldToken) end() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, h.expiresAt.ValueString())
	return at, err == nil
}

// due reports whether the token must be rotated at now.
func (h heldToken) due(now time.Time) bool {
	end, ok := h.end()
	return ok && !now.Before(end.Add(-h.rotates()))
}

// expired reports whether the token has expired at now.
func (h heldToken) expired(now time.Time) bool {
	end, ok := h.end()
	return ok && now.After(end)
}

// replaced is the token as one that a rotation replaces.
func (h heldToken) replaced() predecessor {
	end, _ := h.end()
	return predecessor{ID: h.id.ValueString(), ExpiresAt: end}
}

// revoked reports whether Fly no longer accepts the token. An expired token is
// rotated, whatever Fly still lists. A token that is not in the list was perhaps
// minted with a different login, so it is used itself. Only an answer of 401 is
// proof: a 403 may come from a proxy.
func (s *session) revoked(ctx context.Context, h heldToken) (bool, error) {
	if h.expired(s.now()) {
		return false, nil
	}
	listed, err := s.minter.List(ctx, h.request)
	if err != nil {
		return false, err
	}
	at := slices.IndexFunc(listed, func(l flyapi.Listed) bool { return l.ID == h.id.ValueString() })
	if at >= 0 {
		return !listed[at].RevokedAt.IsZero(), nil
	}
	tok, err := token.Parse(h.token.ValueString())
	if err != nil {
		return false, err
	}
	if h.request.App != "" {
		err = s.chain.api.Show(ctx, tok, h.request.App)
	} else {
		_, err = s.chain.api.LookupOrganization(ctx, tok, h.request.Organization)
	}
	if errors.Is(err, flyapi.ErrUnauthenticated) {
		return true, nil
	}
	return false, err
}

// revoke revokes the token of h or its predecessor. It returns nil if that has
// expired or was revoked before. again is the command that tries again.
func (s *session) revoke(ctx context.Context, h heldToken, one predecessor, again string) diag.Diagnostics {
	if one.over(s.now()) {
		return nil
	}
	if err := s.minter.Revoke(ctx, one.ID); err != nil {
		return diag.Diagnostics{h.stillLiveError(one, again, err)}
	}
	return nil
}

// seen forgets the mint of the token in state. If storage cannot be used, the mint
// stays announced until a later call.
func (s *session) seen(ctx context.Context, h heldToken) {
	if s == nil || s.minter == nil {
		return
	}
	err := s.minter.Seen(ctx, h.request.Place(), h.id.ValueString())
	if err != nil && !errors.Is(err, context.Canceled) {
		noteNoAnswer(ctx, "cannot forget an announced mint", err)
	}
}
