package flyconfig

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// contents holds the parts of a login.
type contents struct {
	// macaroons are the readable ones.
	macaroons macaroon.Bundle
	// oauth is the first OAuth token, "" for none. A header can hold only one.
	oauth string
	// fault is the error of the first unreadable part, nil if all can be read.
	fault error
}

// takeApart splits a login into its parts. Parts that cannot be read are left
// out.
func takeApart(t token.Token) contents {
	var c contents
	_, c.fault = macaroon.ParseBundle(t.Reveal())
	var readable []*macaroon.Macaroon
	for text := range strings.SplitSeq(t.Reveal(), ",") {
		part, err := macaroon.ParseBundle(text)
		switch {
		case err != nil:
		case !part.HasOAuth():
			readable = append(readable, part.Macaroons()...)
		case c.oauth == "":
			c.oauth = text
		}
	}
	c.macaroons = macaroon.NewBundle(readable...)
	return c
}

// handOut returns the part of the login that an app may use: its live
// permission macaroons that pick selects, with their discharges, else its OAuth
// token. It never returns both in one string. The Machines API gets either
// macaroons or, if there are none, OAuth (superfly/fly-go, tokens.FlapsHeader).
//
// The macaroons that flyctl keeps in config.yml are valid for ten minutes. A
// file whose macaroons have all expired is still a login if it contains an
// OAuth token.
func (l Login) handOut(now time.Time, pick func(live macaroon.Bundle) macaroon.Bundle) (token.Token, error) {
	c := takeApart(l.Token)
	live := c.macaroons.Usable(now)
	if picked := pick(live); !picked.IsEmpty() {
		return token.Parse(picked.Reveal())
	}
	if c.oauth != "" {
		return token.Parse(c.oauth)
	}
	if !live.IsEmpty() {
		return token.Token{}, &token.MissError{Reason: l.From + " holds macaroons, but none for the app's organization", Fix: "log in to that organization, or check organization"}
	}
	return token.Token{}, l.unusable(c, now)
}

// checkLive returns a miss if all of the login has expired. It accepts parts
// that flyctl may still be able to use: an OAuth token, a macaroon whose
// discharge flyctl has to fetch, and parts that this package cannot read.
func (l Login) checkLive(now time.Time) error {
	c := takeApart(l.Token)
	if c.oauth == "" && c.fault == nil && c.allExpired(now) {
		return l.unusable(c, now)
	}
	return nil
}

// allExpired reports whether there are permission macaroons and each is past its
// own expiry.
func (c contents) allExpired(now time.Time) bool {
	grants := c.macaroons.Grants()
	return len(grants) > 0 && !slices.ContainsFunc(grants, func(g macaroon.Grant) bool {
		end := g.Permission.NotAfter()
		return end.IsZero() || !now.After(end)
	})
}

func (l Login) unusable(c contents, now time.Time) error {
	miss := &token.MissError{Fix: "run `fly auth login`"}
	if l.Explicit {
		miss.Fix = "set another token"
	}
	grants := c.macaroons.Grants()
	for _, g := range grants {
		if len(g.Missing) > 0 && !g.ExpiredAt(now) {
			miss.Reason = fmt.Sprintf("the macaroon in %s is not valid without a discharge from %.80q, which is missing", l.From, g.Missing[0].Location)
			return miss
		}
	}
	switch {
	case len(grants) > 0:
		miss.Reason = fmt.Sprintf("every macaroon in %s has expired, the last at %s", l.From, c.macaroons.Expiry(now).UTC().Format(time.RFC3339))
		miss.Cause = token.ErrExpired
	case c.fault != nil:
		miss.Reason = fmt.Sprintf("%s holds no macaroon that can be read: %v", l.From, c.fault)
		miss.Cause = c.fault
	default:
		miss.Reason = l.From + " holds macaroons, but none that grants access"
	}
	return miss
}
