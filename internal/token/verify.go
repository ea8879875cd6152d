package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// verifyTimeout is a safety limit for a [Verifier], which bounds its own time.
const verifyTimeout = 10 * time.Second

// rejection names a token that Fly refused for an app. It may still be valid
// for a different app, unless app is "".
type rejection struct{ app, fingerprint string }

// verify checks a token with Fly if the policy requires it, and returns an
// error that wraps [ErrRejected] if Fly refuses it. A refused token is not
// returned again under any policy.
func (f *flight) verify(ctx context.Context, o Candidate) error {
	fingerprint := o.Token.Fingerprint()
	for _, app := range []string{f.request.App, ""} {
		if known, ok := f.rejected.Load(rejection{app, fingerprint}); ok {
			cause, _ := known.(error)
			return f.rejectedMiss(ctx, o, cause)
		}
	}
	if f.policy != PolicyIfRejected || f.cfg.Verifier == nil || o.Token.IsOAuth() || !f.shown(o) {
		return nil
	}
	_, err := guarded(ctx, verifyTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, f.cfg.Verifier.Verify(ctx, f.request, o.Token)
	})
	if !errors.Is(err, ErrRejected) {
		return nil // a missing answer is not a rejection
	}
	f.reject(ctx, o, err)
	return f.rejectedMiss(ctx, o, err)
}

// reject remembers that Fly refuses a token, and removes it from storage. One that many
// apps share stays there if it is merely of no use to this app.
func (f *flight) reject(ctx context.Context, o Candidate, err error) {
	unreachable := errors.Is(err, ErrOutOfReach)
	of, key := f.request, rejection{f.request.App, o.Token.Fingerprint()}
	stored := o.source == SourceStorage
	if o.sharedWith != "" {
		of, stored = Request{Organization: o.sharedWith}, !unreachable && f.stores()
		if unreachable {
			f.suspects.Store(o.sharedWith, true)
			f.unreachable = key.fingerprint
		} else {
			key.app = ""
		}
	}
	f.outOfReach = f.outOfReach || unreachable && (o.source == SourceStorage || o.sharedWith != "")
	f.refuse(of, key, err)
	if stored && f.cfg.Store != nil {
		// A record that stays is shown and refused again at the next plan.
		_, _ = guarded(ctx, saveTimeout, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, f.cfg.Store.Remove(ctx, of, key.fingerprint)
		})
	}
}

// shown reports whether to check a token with Fly, because it may have been
// revoked. A token that any process has just minted was not. It is checked
// anyway if its predecessor was for other apps, because the organization may be
// wrong.
func (f *flight) shown(o Candidate) bool {
	if f.request.App == "" {
		return false // the flights of the apps check it
	}
	if o.sharedWith != "" {
		_, suspect := f.suspects.Load(o.sharedWith)
		return suspect || f.unconfirmed || !o.recent
	}
	switch o.source {
	case SourceCLI, SourceAPI:
		return f.outOfReach
	case SourceStorage:
		return !o.recent
	case SourceConfig, SourceEnv, SourceManual:
		return true
	default:
		return false
	}
}

// rejectedMiss is the miss for a token that Fly rejects. It names the token,
// its origin and the advice.
func (f *flight) rejectedMiss(ctx context.Context, o Candidate, err error) error {
	if mints(o.source) || o.sharedWith != "" && o.recent && errors.Is(err, ErrOutOfReach) {
		return f.wrongOrganization(ctx, o, err)
	}
	place, fix := string(o.source), ""
	switch o.source {
	case SourceManual:
		place, fix = "fly_manual_token", "set a different token with fly_manual_token, or remove it"
	case SourceConfig:
		place, fix = o.From, "run `fly auth login`"
	case SourceEnv:
		place, fix = o.From, "set a different token in "+o.From
	}
	what := "it is expired, revoked or unknown"
	if errors.Is(err, ErrOutOfReach) {
		what = fmt.Sprintf("it is valid, but not for app %q", f.request.App)
	}
	return &MissError{
		Reason: fmt.Sprintf("Fly rejects the token found in %s (fingerprint %s): %s", place, o.Token.Fingerprint(), what),
		Fix:    fix, Cause: err,
	}
}

// wrongOrganization ends the resolution: two tokens in a row were minted in an
// organization that the app does not belong to. Otherwise every run would mint
// another one.
func (f *flight) wrongOrganization(ctx context.Context, o Candidate, err error) error {
	req := f.request
	if o.sharedWith == "" && f.discarded(ctx, o) {
		f.unowned = false
	}
	reason := fmt.Sprintf("Fly refuses the token that was just minted for app %q", req.App)
	if in := cmp.Or(req.Organization, o.sharedWith); in != "" {
		reason = fmt.Sprintf("a token minted in organization %q has no access to app %q", in, req.App)
	}
	fix := "check organization, or FLY_ORG, and the app's name"
	if f.cfg.Organization != nil {
		slug, lookupErr := f.lookUp(ctx, Request{App: req.App}, verifyTimeout)
		switch {
		case lookupErr != nil || slug == "":
		case slug == req.Organization || req.Organization == "":
			reason += fmt.Sprintf(", although it was minted in the app's organization %q", slug)
			fix = "try again, and check whether a proxy answers in place of Fly"
		default:
			reason += fmt.Sprintf(", which belongs to organization %q", slug)
			fix = fmt.Sprintf("set organization, or FLY_ORG, to %q, or remove it", slug)
		}
	}
	return &MissError{Reason: reason, Fix: fix, Cause: fmt.Errorf("%w: %w", ErrStop, err)}
}
