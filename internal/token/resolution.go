package token

import "time"

// Policy selects the tokens that a refresh bars from further use.
type Policy string

const (
	// PolicyIfExpired bars tokens that are not fresh. It sends nothing to Fly.
	PolicyIfExpired Policy = "if_expired"
	// PolicyIfRejected also bars tokens that Fly no longer accepts.
	PolicyIfRejected Policy = "if_rejected"
	// PolicyAlways bars every token acquired before the call.
	PolicyAlways Policy = "always"
)

// Acquirer shows whether a call had to enter its app's group.
type Acquirer string

const (
	// AcquirerFacade answered from the cache without entering the group.
	AcquirerFacade Acquirer = "facade"
	// AcquirerGroup resolved inside the group, or shared the result of another
	// caller there.
	AcquirerGroup Acquirer = "group"
)

// Resolution is the answer to a request. It is shared between callers and must
// not be changed.
type Resolution struct {
	Record
	// Source is the step with the answer.
	Source SourceName
	// Acquirer is the way to the answer.
	Acquirer Acquirer
	// Stale means that less than the required validity remains because no
	// source had a better token.
	Stale bool
	// SharedWith is the slug of the organization whose apps share the token; "" for a
	// token of one app, and for a login.
	SharedWith string
	// Warnings are for the user, and hold no secret.
	Warnings []Warning
	// recent means that a process acquired it during the flight, so it cannot have
	// been revoked since.
	recent bool
	// sequence is the number of a stored token's acquisition, 0 for any other.
	sequence Sequence
}

// fromCache returns r as the cache returns it.
func (r Resolution) fromCache(a Acquirer) Resolution {
	r.Source, r.Acquirer = SourceCache, a
	return r
}

// freshness is the permitted use of a token by its lifetime.
type freshness int

const (
	fresh   freshness = iota // return it
	stale                    // return it if no link has a better one
	expired                  // never return it
)

// lifeSlack is the tolerance for a minted token's lifetime, because servers
// round and the request takes time.
const lifeSlack = time.Minute

// withExpiry returns rec with the lifetime that counts: the token's own if it has
// one, else the lifetime that the source asked for. No other place decides a lifetime.
func withExpiry(rec Record) Record {
	if end, known := rec.Token.Expiry(time.Now()); known {
		rec.ExpiresAt = end
	}
	return rec
}

// freshness classifies rec at now. A token with an unknown lifetime is valid
// for the run.
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

// overlong reports whether rec was stored under a longer token_ttl than the
// current one.
func (r *Resolver) overlong(rec Record) bool {
	if rec.TTL > 0 {
		return rec.TTL > r.cfg.TokenTTL
	}
	return rec.ExpiresAt.Sub(rec.AcquiredAt) > r.cfg.TokenTTL+lifeSlack
}

// freshUntil returns the last instant at which rec is fresh. With a fixed
// margin, a minted token with a short life would never be fresh, and every call
// would mint. So the margin is at most a quarter of its life.
func (r *Resolver) freshUntil(rec Record) time.Time {
	margin := r.cfg.MinValidity
	if rec.Origin == SourceCLI || rec.Origin == SourceAPI {
		if life := rec.ExpiresAt.Sub(rec.AcquiredAt); life > 0 {
			margin = min(margin, life/4)
		}
	}
	return rec.ExpiresAt.Add(-margin)
}
