package token

import (
	"cmp"
	"context"
)

// Observer is called while a [Resolver] works. A method reports the beginning
// of an operation, and returns its context and a function that reports its end.
// Both are called concurrently, and delay the callers that wait for the token.
//
// Tokens are passed only as [Token], which masks itself.
type Observer interface {
	// Cached is one [Resolver.Read] that the cache answered.
	Cached(ctx context.Context, req Request, policy Policy, a Acquisition)
	// Acquire is any other [Resolver.Read], or one [Resolver.Refresh], from the
	// call to the answer.
	Acquire(ctx context.Context, req Request, policy Policy) (context.Context, func(Acquisition))
	// Link is one source of the chain being asked.
	Link(ctx context.Context, req Request, name SourceName) (context.Context, func(Visit))
	// Wait is a wait for another call or another process. It ends with the
	// reason of its failure, or nil.
	Wait(ctx context.Context, req Request, what Wait) (context.Context, func(error))
}

// Acquisition is the result of a Read or a Refresh.
type Acquisition struct {
	// Resolution is the answer. Without an answer, its Source is [SourceNone],
	// and its Acquirer shows whether the app's group was entered.
	Resolution Resolution
	// Coalesced means that the caller shared an acquisition that another caller
	// had begun.
	Coalesced bool
	// Err is the failure, if any.
	Err error
}

// Visit is the result of asking a source.
type Visit struct {
	// Verdict classifies its answer.
	Verdict Verdict
	// Err is the reason why its token, if any, was not returned; nil for
	// [VerdictHit].
	Err error
}

// Verdict classifies a source's answer.
type Verdict string

const (
	// VerdictHit is a token that answers the request.
	VerdictHit Verdict = "hit"
	// VerdictMiss means that it has no token.
	VerdictMiss Verdict = "miss"
	// VerdictStale is one with less life than asked for, kept in case there is no better one.
	VerdictStale Verdict = "stale"
	// VerdictExpired is an expired token.
	VerdictExpired Verdict = "expired"
	// VerdictRejected is a token that Fly refuses.
	VerdictRejected Verdict = "rejected"
)

// Wait is the kind of a wait.
type Wait string

const (
	// WaitSlot is the wait for one of the slots of a [Limiter].
	WaitSlot Wait = "slot"
	// WaitLock is the wait for the app's claim, which another process may hold.
	WaitLock Wait = "lock"
	// WaitMint is the wait for a token that the apps of an organization share.
	WaitMint Wait = "mint"
)

// outcome ends an acquisition, and returns the results for its caller.
type outcome func(res Resolution, coalesced bool, err error) (Resolution, error)

// acquireBegan reports the beginning of a [Resolver.Read] or [Resolver.Refresh].
func (r *Resolver) acquireBegan(ctx context.Context, req Request, policy Policy) (context.Context, outcome) {
	if r.observer == nil {
		return ctx, func(res Resolution, _ bool, err error) (Resolution, error) { return res, err }
	}
	ctx, ended := r.observer.Acquire(ctx, req, policy)
	return ctx, func(res Resolution, coalesced bool, err error) (Resolution, error) {
		if err == nil {
			ended(Acquisition{Resolution: res, Coalesced: coalesced})
			return res, nil
		}
		ended(failed(res.Acquirer, coalesced, err))
		return Resolution{}, err
	}
}

// failed is an acquisition without a token.
func failed(by Acquirer, coalesced bool, err error) Acquisition {
	none := Resolution{Source: SourceNone, Acquirer: cmp.Or(by, AcquirerGroup)}
	return Acquisition{Resolution: none, Coalesced: coalesced, Err: err}
}

// fromCache answers a [Resolver.Read] from the cache.
func (r *Resolver) fromCache(ctx context.Context, req Request, policy Policy, e *entry) (Resolution, error) {
	if r.observer == nil {
		return e.answer, e.err
	}
	if e.err != nil {
		r.observer.Cached(ctx, req, policy, failed(AcquirerFacade, false, e.err))
		return Resolution{}, e.err
	}
	r.observer.Cached(ctx, req, policy, Acquisition{Resolution: e.answer})
	return e.answer, nil
}

// linkBegan reports that a source is asked.
func (w *walk) linkBegan(name SourceName) (context.Context, func(Visit)) {
	if w.observer == nil {
		return w.flight.ctx, func(Visit) {}
	}
	return w.observer.Link(w.flight.ctx, w.flight.asker, name)
}

// waitBegan reports a wait.
func (w *walk) waitBegan(what Wait) (context.Context, func(error)) {
	if w.observer == nil {
		return w.flight.ctx, func(error) {}
	}
	return w.observer.Wait(w.flight.ctx, w.flight.asker, what)
}
