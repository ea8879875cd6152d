package token

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// keyWholeAccount is the key that makes warnings about one login count as one.
const keyWholeAccount = "whole account"

// named reports whether the user's configuration names the source.
func (r *Resolver) named(name SourceName) bool { return r.isNamed != nil && r.isNamed(name) }

// noteUnavailable records a temporary failure of a source that mints. Later
// sources must then not return more than it would have minted.
func (w *walk) noteUnavailable(name SourceName, err error) {
	if w.unavailable == "" && mints(name) && isTemporary(err) {
		w.unavailable = name
	}
}

// withheld returns a miss for a login with access to more than the app, unless
// the configuration names its source. The result of a configuration must not
// depend on flyctl's last run, or on a temporary fault.
func (w *walk) withheld(name SourceName, c Candidate) error {
	if !c.Broad || w.flight.request.Access != AccessAny || w.named(name) {
		return nil
	}
	switch {
	case c.Token.IsOAuth():
		return &MissError{
			Reason: fmt.Sprintf("the login in %s is an OAuth token (fo1_…), which gives access to the whole account", c.From),
			Fix:    fmt.Sprintf("let cli or api mint a token, or list %q in sources to use the login itself", name),
		}
	case w.unavailable != "":
		return w.tooBroad(name, c.From)
	default:
		return nil
	}
}

// tooBroad is the miss for a login that must not replace a token whose mint
// failed temporarily.
func (w *walk) tooBroad(name SourceName, from string) error {
	return &MissError{
		Reason: fmt.Sprintf("the token in %s gives access to more than this app and does not replace the token that %s temporarily cannot mint", from, w.unavailable),
		Fix:    fmt.Sprintf("try again, or list %q in sources to use it", name),
	}
}

// staleStored returns the stale but valid stored token, if the sources that
// mint are unavailable and src is the first source after them.
func (w *walk) staleStored(src Source) (Resolution, bool) {
	if w.unavailable == "" || mints(src.Name()) {
		return Resolution{}, false
	}
	return w.stale(func(o found) bool { return o.Source == SourceStorage })
}

// lastResort returns the best of the stale tokens, because no source has a
// fresh one.
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

// stale returns the stale token with the longest remaining life among those
// that may be used.
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
		others := w.reasons(o.Source)
		if others != "" {
			others = " No other source has a better one:" + others
		}
		return w.warned(res, Warning{
			Summary: "Fly App Token Is About to Expire",
			Detail: fmt.Sprintf("The token for app %q comes from %s and expires at %s, sooner than min_validity requires.%s",
				w.flight.request.App, res.Source, res.ExpiresAt.UTC().Format(time.RFC3339), others),
		}), true
	}
	return Resolution{}, false
}

// wholeAccount is the warning about a login with access to the whole account.
func (w *walk) wholeAccount(o found) Warning {
	return Warning{
		Key:     keyWholeAccount + " " + o.from,
		Summary: "Fly App Token Gives Access to the Whole Account",
		Detail: fmt.Sprintf("The token for app %q is the fo1_ login in %s. It gives access to every organization and app of its user. "+
			"To return a narrower token, fix an earlier source, or remove %q from sources.%s",
			w.flight.request.App, o.from, o.Source, w.reasons(o.Source)),
	}
}

// reasons lists the reasons of the sources without a token.
func (w *walk) reasons(but SourceName) string {
	var b strings.Builder
	for _, a := range w.failure.Attempts {
		if a.Source != but {
			fmt.Fprintf(&b, "\n\n  %s: %s", a.Source, oneLine(a.Err.Error()))
		}
	}
	return b.String()
}
