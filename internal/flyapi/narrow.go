package flyapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ token.Narrower = (*Narrower)(nil)

// Narrower narrows tokens until they prove an access. It adds caveats offline,
// after a lookup of the app's number in the directory.
type Narrower struct {
	directory *Directory
	ttl       time.Duration
	timeout   time.Duration
}

// NewNarrower returns a narrower whose tokens are valid for at most ttl.
func NewNarrower(directory *Directory, ttl time.Duration) *Narrower {
	// The lookup of an app's number may call both APIs.
	return &Narrower{directory: directory, ttl: ttl, timeout: 2 * directory.client.timeout}
}

// Timeout is that of two calls to Fly's APIs.
func (n *Narrower) Timeout() time.Duration { return n.timeout }

// Narrow returns c unchanged if its token proves req's access and does not
// outlive its limit. Otherwise it returns c with a narrowed token. The error is
// a [*token.MissError]: an OAuth token cannot be narrowed, the app's number is
// unknown, or the token has no access to the app.
func (n *Narrower) Narrow(ctx context.Context, req token.Request, c token.Candidate) (token.Candidate, error) {
	bundle, err := macaroon.ParseBundle(c.Token.Reveal())
	if err != nil {
		return c, &token.MissError{Reason: "the token found is " + err.Error(), Cause: err}
	}
	if bundle.HasOAuth() {
		return c, &token.MissError{
			Reason: fmt.Sprintf("the token found is an OAuth token, which cannot be narrowed to access %q", req.Access),
			Fix:    "let the cli or api source mint one, or omit access",
			Cause:  macaroon.ErrOAuth,
		}
	}
	if c.AppID == 0 {
		app, err := n.directory.Reach(ctx, req.App, c.Token)
		if err != nil {
			return c, numberless(ctx, req, err)
		}
		c.AppID = uint64(app.NumericID)
		// A login may be valid for several organizations. Only this one is
		// kept.
		if bundle = bundle.ForOrganization(uint64(app.Organization.NumericID)); bundle.IsEmpty() {
			return c, &token.MissError{
				Reason: fmt.Sprintf("the token found is not for organization %q, which the app belongs to", app.Organization.Slug),
				Fix:    "log in to that organization, or set another token",
			}
		}
	}
	proof := prove(bundle, req.Access, c.AppID)
	now := time.Now()
	long := n.livesLonger(bundle, now)
	if proof == nil && !long && bundle.Reveal() == c.Token.Reveal() {
		return c, nil
	}
	var caveats []macaroon.Caveat
	if proof != nil {
		caveats = narrowing(req.Access, c.AppID)
	}
	if long {
		caveats = append(caveats, macaroon.Window(now.Add(-clockSkew), now.Add(n.ttl)))
	}
	return narrowed(bundle, req, c, caveats, now)
}

// livesLonger reports whether a token expires after its limit.
func (n *Narrower) livesLonger(b macaroon.Bundle, now time.Time) bool {
	end := b.Expiry(now)
	return end.IsZero() || end.Sub(now) > n.ttl+time.Minute
}

// narrowed adds the caveats to the bundle and proves the result.
func narrowed(b macaroon.Bundle, req token.Request, c token.Candidate, caveats []macaroon.Caveat, now time.Time) (token.Candidate, error) {
	narrow, err := b.Attenuate(caveats...)
	if err == nil {
		err = prove(narrow, req.Access, c.AppID)
	}
	if err != nil {
		return c, &token.MissError{
			Reason: fmt.Sprintf("the token found cannot be narrowed to access %q on this app: %v", req.Access, err),
			Cause:  err,
		}
	}
	tok, err := token.Parse(narrow.Reveal())
	if err != nil {
		return c, err
	}
	if !c.Minted {
		c.Parent = c.Token.Fingerprint()
	}
	c.Token, c.Minted, c.AcquiredAt = tok, true, now.UTC().Round(0)
	return c, nil
}

func prove(b macaroon.Bundle, access token.Access, appID uint64) error {
	if access == token.AccessDeploy {
		return b.ProveDeploy(appID)
	}
	return b.ProveReadOnly(appID)
}

func narrowing(access token.Access, appID uint64) []macaroon.Caveat {
	if access == token.AccessDeploy {
		return macaroon.Deploy(appID)
	}
	return macaroon.ReadOnly(appID)
}

func numberless(ctx context.Context, req token.Request, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	fix := "check the app's name and the login, or omit access"
	if errors.Is(err, ErrUnavailable) {
		fix = "try again when Fly's API answers, or omit access"
	}
	return &token.MissError{
		Reason: fmt.Sprintf("cannot narrow the token found to access %q, because the app's number is unknown: %s", req.Access, reasons(err)),
		Fix:    fix,
		Cause:  err,
	}
}

// reasons returns the reasons of a failed lookup, one for each attempt, without
// the advice.
func reasons(err error) string {
	failures := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		failures = joined.Unwrap()
	}
	var parts []string
	for _, failure := range failures {
		reason := failure.Error()
		var e *Error
		var miss *token.MissError
		switch {
		case errors.As(failure, &e):
			reason = e.withoutFix()
		case errors.As(failure, &miss):
			reason = miss.Reason
		}
		if !slices.Contains(parts, reason) {
			parts = append(parts, reason)
		}
	}
	return strings.Join(parts, "; ")
}
