package token

import (
	"cmp"
	"context"
)

// Observer is called while a [Resolver] works. A method reports that something
// begins, and returns the context for it and a function that reports its end. Both
// are called from many goroutines at once, and delay those who wait for the token.
//
// Tokens are passed only as [Token], which masks itself.
type Observer interface {
	// Cached is one [Resolver.Read] that the cache answered.
	Cached(ctx context.Context, req Request, policy Policy, a Acquisition)
	// Acquire is any other [Resolver.Read], or one [Resolver.Refresh], from the
	// call to the answer.
	Acquire(ctx context.Context, req Request, policy Policy) (context.Context, func(Acquisition))
	// Link is one link of the chain being asked.
	Link(ctx context.Context, req Request, name SourceName) (context.Context, func(Visit))
	// Wait is a wait for another's call to end, or for another process. It ends
	// with the reason why it was in vain, or nil.
	Wait(ctx context.Context, req Request, what Wait) (context.Context, func(error))
}

// Acquisition is how a Read or a Refresh ended.
type Acquisition struct {
	// Resolution is the answer. Where there is none, its Source is [SourceNone],
	// and its Acquirer says whether the app's group was entered.
	Resolution Resolution
	// Coalesced says that the caller waited for what another caller had begun,
	// and shared it.
	Coalesced bool
	// Err is why there is no answer.
	Err error
}

// Visit is how a link's turn ended.
type Visit struct {
	// Verdict says what its answer was worth.
	Verdict Verdict
	// Err is why its token, if it had any, was not handed out; nil for
	// [VerdictHit].
	Err error
}

// Verdict is what a link's answer was worth.
type Verdict string

const (
	// VerdictHit is a token that answers the request.
	VerdictHit Verdict = "hit"
	// VerdictMiss is no token.
	VerdictMiss Verdict = "miss"
	// VerdictStale is one with less life than asked for, kept in case there is no better one.
	VerdictStale Verdict = "stale"
	// VerdictExpired is one whose life was over.
	VerdictExpired Verdict = "expired"
	// VerdictRejected is one that Fly refuses.
	VerdictRejected Verdict = "rejected"
)

// Wait says what is waited for.
type Wait string

const (
	// WaitSlot is the wait for one of the slots of a [Limiter].
	WaitSlot Wait = "slot"
	// WaitLock is the wait for the app's claim, which another process may hold.
	WaitLock Wait = "lock"
)

// outcome ends an acquisition, and returns what its caller returns.
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

// linkBegan reports that a link is asked.
func (w *walk) linkBegan(name SourceName) (context.Context, func(Visit)) {
	if w.observer == nil {
		return w.flight.ctx, func(Visit) {}
	}
	return w.observer.Link(w.flight.ctx, w.flight.request, name)
}

// waitBegan reports a wait.
func (w *walk) waitBegan(what Wait) (context.Context, func(error)) {
	if w.observer == nil {
		return w.flight.ctx, func(error) {}
	}
	return w.observer.Wait(w.flight.ctx, w.flight.request, what)
}
