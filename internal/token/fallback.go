package token

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// keyWholeAccount makes the warnings about one login count as one.
const keyWholeAccount = "whole account"

// named reports whether the user's configuration names the link.
func (r *Resolver) named(name SourceName) bool { return r.isNamed != nil && r.isNamed(name) }

// noteUnavailable remembers that a link that mints failed for now. Links after it
// must then not return more than it would have minted.
func (w *walk) noteUnavailable(name SourceName, err error) {
	if w.unavailable == "" && mints(name) && isTemporary(err) {
		w.unavailable = name
	}
}

// withheld returns a miss for a login that opens more than the app, unless the
// configuration names its source. What a configuration yields must not depend on
// when flyctl last ran, or on a fault that passes.
func (w *walk) withheld(name SourceName, c Candidate) error {
	if !c.Broad || w.flight.request.Access != AccessAny || w.named(name) {
		return nil
	}
	switch {
	case c.Token.IsOAuth():
		return &MissError{
			Reason: fmt.Sprintf("the login in %s is an OAuth token (fo1_…), which opens the whole account", c.From),
			Fix:    fmt.Sprintf("let cli or api mint a token, or list %q in sources to use the login itself", name),
		}
	case w.unavailable != "":
		return w.tooBroad(name, c.From)
	default:
		return nil
	}
}

// tooBroad is the miss for a login that must not replace a token that could not be
// minted for now.
func (w *walk) tooBroad(name SourceName, from string) error {
	return &MissError{
		Reason: fmt.Sprintf("the token in %s opens more than this app, and does not replace the token that %s could not mint for now", from, w.unavailable),
		Fix:    fmt.Sprintf("try again, or list %q in sources to use it", name),
	}
}

// staleStored returns the stored token that is stale but valid, once the links that
// mint are unavailable and src is the first link after them.
func (w *walk) staleStored(src Source) (Resolution, bool) {
	if w.unavailable == "" || mints(src.Name()) {
		return Resolution{}, false
	}
	return w.stale(func(o found) bool { return o.Source == SourceStorage })
}

// lastResort returns the best of the stale tokens, because no link has a fresh one.
func (w *walk) lastResort() (Resolution, error) {
	res, ok := w.stale(func(o found) bool {
		if !o.broad || w.unavailable == "" || w.named(o.Source) {
			return true
		}
		w.failure.miss(o.Source, w.tooBroad(o.Source, o.from))
		return false
	})
	if ok {
		return res, nil
	}
	return Resolution{}, w.failure
}

// stale returns the stale token with the longest life among those that may be used.
func (w *walk) stale(usable func(found) bool) (Resolution, bool) {
	slices.SortStableFunc(w.stales, func(a, b found) int { return b.ExpiresAt.Compare(a.ExpiresAt) })
	for _, o := range w.stales {
		if !usable(o) || time.Now().After(o.ExpiresAt) {
			continue
		}
		if err := w.verify(w.flight.ctx, o); err != nil {
			w.failure.miss(o.Source, err)
			continue
		}
		res := o.Resolution
		res.Stale = true
		return w.warned(res, Warning{
			Summary: "Fly App Token Is About to Expire",
			Detail: fmt.Sprintf("The token for app %q comes from %s and expires at %s, sooner than min_validity asks for. No other source has a better one:%s",
				w.flight.request.App, res.Source, res.ExpiresAt.UTC().Format(time.RFC3339), w.reasons(o.Source)),
		}), true
	}
	return Resolution{}, false
}

// wholeAccount is the warning about a login that opens the whole account.
func (w *walk) wholeAccount(o found) Warning {
	return Warning{
		Key:     keyWholeAccount + " " + o.from,
		Summary: "Fly App Token Opens the Whole Account",
		Detail: fmt.Sprintf("The token for app %q is the fo1_ login in %s. It opens every organization and app of its user. "+
			"To return less, fix a source that comes before it, or remove %q from sources.%s",
			w.flight.request.App, o.from, o.Source, w.reasons(o.Source)),
	}
}

// reasons lists why the other links have no token.
func (w *walk) reasons(but SourceName) string {
	var b strings.Builder
	for _, a := range w.failure.Attempts {
		if a.Source != but {
			fmt.Fprintf(&b, "\n\n  %s: %s", a.Source, oneLine(a.Err.Error()))
		}
	}
	return b.String()
}
