package token

import (
	"cmp"
	"context"
)

// Observer is told what a [Resolver] does, while it does it. Each method is told
// of something that begins, and returns the context for what happens within it
// and a function that is told how it ended. Both are called from many goroutines
// at once, and delay whoever waits for the token.
//
// What an Observer is told holds tokens only as [Token], which masks itself.
type Observer interface {
	// Acquire is one [Resolver.Get], [Resolver.Refresh] or [Run.Read], from the
	// call to the answer. The empty policy is Get's.
	Acquire(ctx context.Context, req Request, policy Policy) (context.Context, func(Acquisition))
	// Link is one link of the chain being asked.
	Link(ctx context.Context, req Request, name SourceName) (context.Context, func(Visit))
	// Wait is a wait for another's call to end, or for another process. It ends
	// with the reason why it was in vain, or nil.
	Wait(ctx context.Context, req Request, what Wait) (context.Context, func(error))
}

// Acquisition is how a Get or a Refresh ended.
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
	// VerdictStale is one with less life than asked for, kept for want of better.
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
	// WaitLock is the wait for the app's lock, which another process may hold.
	WaitLock Wait = "lock"
)

// observed runs one Get or Refresh under the resolver's observer.
func (r *Resolver) observed(ctx context.Context, req Request, policy Policy,
	acquire func(context.Context) (Resolution, bool, error),
) (Resolution, error) {
	if r.observer == nil {
		res, _, err := acquire(ctx)
		return res, err
	}
	ctx, ended := r.observer.Acquire(ctx, req, policy)
	res, coalesced, err := acquire(ctx)
	if err == nil {
		ended(Acquisition{Resolution: res, Coalesced: coalesced})
		return res, nil
	}
	none := Resolution{Source: SourceNone, Acquirer: cmp.Or(res.Acquirer, AcquirerGroup)}
	ended(Acquisition{Resolution: none, Coalesced: coalesced, Err: err})
	return Resolution{}, err
}

// linkBegan tells the observer, if there is one, that a link is asked.
func (d *descent) linkBegan(name SourceName) (context.Context, func(Visit)) {
	if d.observer == nil {
		return d.flight.ctx, func(Visit) {}
	}
	return d.observer.Link(d.flight.ctx, d.flight.request, name)
}

// waitBegan tells the observer, if there is one, that something is waited for.
func (d *descent) waitBegan(what Wait) (context.Context, func(error)) {
	if d.observer == nil {
		return d.flight.ctx, func(error) {}
	}
	return d.observer.Wait(d.flight.ctx, d.flight.request, what)
}
