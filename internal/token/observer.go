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

// unobserved is the [Observer] of a resolver that has none.
type unobserved struct{}

func (unobserved) Cached(context.Context, Request, Policy, Acquisition) {}

func (unobserved) Acquire(ctx context.Context, _ Request, _ Policy) (context.Context, func(Acquisition)) {
	return ctx, func(Acquisition) {}
}

func (unobserved) Link(ctx context.Context, _ Request, _ SourceName) (context.Context, func(Visit)) {
	return ctx, func(Visit) {}
}

func (unobserved) Wait(ctx context.Context, _ Request, _ Wait) (context.Context, func(error)) {
	return ctx, func(error) {}
}

// acquired is the result of an acquisition. Without a token, only the acquirer is kept.
func acquired(res Resolution, coalesced bool, err error) Acquisition {
	if err != nil {
		res = Resolution{Source: SourceNone, Acquirer: cmp.Or(res.Acquirer, AcquirerGroup)}
	}
	return Acquisition{Resolution: res, Coalesced: coalesced, Err: err}
}
