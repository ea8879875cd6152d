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
func (r *Resolver) named(name SourceName) bool { return r.cfg.Named != nil && r.cfg.Named(name) }

// noteUnavailable records a temporary failure of a source that mints. Later
// sources must then not return more than it would have minted.
func (f *flight) noteUnavailable(name SourceName, err error) {
	if f.unavailable == "" && mints(name) && IsTemporary(err) {
		f.unavailable = name
	}
}

// withheld returns a miss for a login with access to more than the app, unless
// the configuration names its source. The result of a configuration must not
// depend on flyctl's last run, or on a temporary fault.
func (f *flight) withheld(name SourceName, c Candidate) error {
	if !c.Broad || f.request.Access != AccessAny || f.named(name) {
		return nil
	}
	switch {
	case c.Token.IsOAuth():
		return &MissError{
			Reason: fmt.Sprintf("the login in %s is an OAuth token (fo1_…), which gives access to the whole account", c.From),
			Fix:    fmt.Sprintf("let cli or api mint a token, or list %q in sources to use the login itself", name),
		}
	case f.unavailable != "":
		return f.tooBroad(name, c.From)
	default:
		return nil
	}
}

// tooBroad is the miss for a login that must not replace a token whose mint
// failed temporarily.
func (f *flight) tooBroad(name SourceName, from string) error {
	return &MissError{
		Reason: fmt.Sprintf("the token in %s gives access to more than this app and does not replace the token that %s temporarily cannot mint", from, f.unavailable),
		Fix:    fmt.Sprintf("try again, or list %q in sources to use it", name),
	}
}

// staleStored returns the stale but valid stored token, if the sources that
// mint are unavailable and src is the first source after them.
func (f *flight) staleStored(src Source) *result {
	if f.unavailable == "" || mints(src.Name()) {
		return nil
	}
	return f.stale(func(o Candidate) bool { return o.source == SourceStorage })
}

// lastResort returns the best of the stale tokens, because no source has a
// fresh one. A token that many apps share is always fresh.
func (f *flight) lastResort() (Resolution, error) {
	if f.request.App == "" {
		return Resolution{}, f.failure
	}
	r := f.stale(func(o Candidate) bool {
		if !o.Broad || f.unavailable == "" || f.named(o.source) {
			return true
		}
		f.failure.miss(o.source, f.tooBroad(o.source, o.From))
		return false
	})
	if r == nil {
		return Resolution{}, f.failure
	}
	return r.Resolution, nil
}

// stale returns the stale token with the longest remaining life among those
// that may be used.
func (f *flight) stale(usable func(Candidate) bool) *result {
	slices.SortStableFunc(f.stales, func(a, b Candidate) int { return b.ExpiresAt.Compare(a.ExpiresAt) })
	for _, o := range f.stales {
		if !usable(o) || time.Now().After(o.ExpiresAt) {
			continue
		}
		if err := f.verify(f.ctx, o); err != nil {
			f.failure.miss(o.source, err)
			continue
		}
		others := f.reasons(o.source)
		if others != "" {
			others = " No other source has a better one:" + others
		}
		r := f.answer(o, Warning{
			Summary: "Fly App Token Is About to Expire",
			Detail: fmt.Sprintf("The token for app %q comes from %s and expires at %s, sooner than min_validity requires.%s",
				f.request.App, o.source, o.ExpiresAt.UTC().Format(time.RFC3339), others),
		})
		r.Stale = true
		return r
	}
	return nil
}

// wholeAccount is the warning about a login with access to the whole account.
func (f *flight) wholeAccount(o Candidate) Warning {
	return Warning{
		Key:     keyWholeAccount + " " + o.From,
		Summary: "Fly App Token Gives Access to the Whole Account",
		Detail: fmt.Sprintf("The token for app %q is the fo1_ login in %s. It gives access to every organization and app of its user. "+
			"To return a narrower token, fix an earlier source, or remove %q from sources.%s",
			f.request.App, o.From, o.source, f.reasons(o.source)),
	}
}

// reasons lists the reasons of the sources without a token.
func (f *flight) reasons(but SourceName) string {
	var b strings.Builder
	for _, a := range f.failure.Attempts {
		if a.Source != but {
			fmt.Fprintf(&b, "\n\n  %s: %s", a.Source, oneLine(a.Err.Error()))
		}
	}
	return b.String()
}
