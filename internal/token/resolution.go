package token

import "time"

// Policy says what a refresh bars from being handed out again.
type Policy string

const (
	// PolicyIfExpired bars tokens that are not fresh. It sends nothing to Fly.
	PolicyIfExpired Policy = "if_expired"
	// PolicyIfRejected bars those, and the ones that Fly no longer accepts.
	PolicyIfRejected Policy = "if_rejected"
	// PolicyAlways bars every token acquired before the call.
	PolicyAlways Policy = "always"
)

// Acquirer says whether an answer had to enter its app's group.
type Acquirer string

const (
	// AcquirerFacade answered from the cache without entering the group.
	AcquirerFacade Acquirer = "facade"
	// AcquirerGroup resolved inside the group, or shared what another caller
	// resolved there.
	AcquirerGroup Acquirer = "group"
)

// Resolution is the answer to a request. It is shared between callers and must
// not be changed.
type Resolution struct {
	Record
	// Source is the step that gave the answer.
	Source SourceName
	// Acquirer says how it was reached.
	Acquirer Acquirer
	// Stale says that less than the required validity remains, and that no link
	// had anything better.
	Stale bool
	// Warnings are for the user, and hold no secret.
	Warnings []Warning
}

// fromCache returns r as the cache hands it out.
func (r Resolution) fromCache(a Acquirer) Resolution {
	r.Source, r.Acquirer = SourceCache, a
	return r
}

// freshness is what a token's lifetime allows to be done with it.
type freshness int

const (
	fresh   freshness = iota // return it
	stale                    // return it if no link has a better one
	expired                  // never return it
)

// lifeSlack is how much longer than asked a minted token may live: servers
// round, and the request takes its time.
const lifeSlack = time.Minute

// withExpiry returns rec with the lifetime that counts: the token's own if it has
// one, else the lifetime that the link asked for. No other place decides a lifetime.
func withExpiry(rec Record) Record {
	if end, known := rec.Token.Expiry(time.Now()); known {
		rec.ExpiresAt = end
	}
	return rec
}

// freshness judges rec at now. A lifetime that is unknown is not judged: such a
// token is good for the run.
func (r *Resolver) freshness(rec Record, source SourceName, now time.Time) freshness {
	switch {
	case rec.ExpiresAt.IsZero():
		return fresh
	case now.After(rec.ExpiresAt):
		return expired
	case source == SourceStorage && r.overlong(rec):
		return stale
	case now.After(r.freshUntil(rec)):
		return stale
	default:
		return fresh
	}
}

// overlong reports whether rec was kept under a longer token_ttl than the one that
// is asked for now.
func (r *Resolver) overlong(rec Record) bool {
	if rec.TTL > 0 {
		return rec.TTL > r.tokenTTL
	}
	return rec.ExpiresAt.Sub(rec.AcquiredAt) > r.tokenTTL+lifeSlack
}

// freshUntil returns the last instant at which rec is fresh. A minted token of a
// short life would never be fresh under a fixed margin, and be minted anew at
// every call: a quarter of its life is margin enough.
func (r *Resolver) freshUntil(rec Record) time.Time {
	margin := r.minValidity
	if rec.Origin == SourceCLI || rec.Origin == SourceAPI {
		if life := rec.ExpiresAt.Sub(rec.AcquiredAt); life > 0 {
			margin = min(margin, life/4)
		}
	}
	return rec.ExpiresAt.Add(-margin)
}
