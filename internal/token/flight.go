package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/coalesce"
)

// linkGrace is how long a source may take after its deadline to report its
// failure: to kill a process and to remove its folder.
const linkGrace = 2 * time.Second

// flightMargin is the time of a flight beyond its sources' deadlines: to wait
// for the app's other requests, and to save.
const flightMargin = 10 * time.Second

// flight is one pass through the sources, shared by its waiters.
type flight struct {
	*Resolver
	call    *coalesce.Call[Resolution]
	group   *group
	request Request
	// asker is the request of the app that began it, for the observer.
	asker Request
	// sources are the sources to ask, in their order.
	sources []Source
	policy  Policy
	// planned means that a [Resolver.Read] began it, so its failure is
	// remembered.
	planned bool
	// If barred is set, tokens that were acquired up to since are not used.
	since  bar
	barred bool
	// superseded, under group.mu, means that only its waiters get the answer.
	superseded bool

	// ctx carries the first caller's values, its logger among them, but not its
	// cancellation. It ends with the flight's budget, or with its last waiter. Only the
	// flight's goroutine uses it and what follows.
	ctx      context.Context
	budget   *budget
	failure  *NoTokenError
	stales   []Candidate
	warnings []Warning

	// stored is the content of storage at the last read; nil before the first one.
	// unread is why that read failed; nil if it did not.
	stored *Stored
	unread error
	// seen and missesSeen are the numbers of the record and of the misses at the
	// first read. Greater ones were stored while the flight waited.
	seen, missesSeen Sequence
	// claim is nil while none is held. tried is set after an attempt to get it.
	claim Claim
	tried bool
	// unowned means that a token was minted under the claim, and that no caller has it
	// yet.
	unowned bool
	// knownMisses are the misses of sources that another process has just
	// asked.
	knownMisses []Attempt

	// unavailable is the first source that mints and failed temporarily, or "".
	unavailable SourceName
	// outOfReach means that Fly refused the stored token because it is for
	// other apps.
	outOfReach bool
	// unreachable is the fingerprint of a refused token that apps share.
	unreachable string
	// slug is the organization whose token the app shares; "" while it is unknown.
	slug string
	// unconfirmed means that the app may not belong to the organization whose token it
	// shares, because it cannot be looked up.
	unconfirmed bool
	// refused means that Fly refused the token of the app's organization for the app.
	refused bool
	// triedShared is set after an attempt to mint for the organization.
	triedShared bool
}

// result is the outcome of a flight. While it is nil, the next source is asked.
type result struct {
	Resolution
	err error
}

// fly asks the sources until one has a fresh token, and keeps the answer. A panic is an
// error of this flight only.
func (f *flight) fly(ctx context.Context) (res Resolution, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f.ctx, f.failure = ctx, &NoTokenError{request: f.request}
	limit := f.limit()
	f.budget = newBudget(limit, func() {
		cancel(fmt.Errorf("token: resolve %s: not finished within %s: %w", f.request.Subject(), limit, context.DeadlineExceeded))
	})
	defer f.budget.stop()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("token: resolve %s: %w", f.request.Subject(), panicError(v))
		}
		f.land(res, err)
	}()
	defer f.release(false)
	if f.stores() && f.sources[0].Name() != SourceStorage && !(f.shareable(f.request) && f.request.Organization != "") {
		f.load(ctx, saveTimeout) // its generation is that of the flight's beginning
	}
	for _, src := range f.sources {
		r := f.staleStored(src)
		if r == nil {
			var release func()
			if release, r = f.prepare(src); release != nil {
				r = f.visit(src, release)
			}
		}
		if r != nil {
			return r.Resolution, r.err
		}
	}
	return f.lastResort()
}

// land caches the outcome before the flight ends, so that none of ten thousand
// callers starts a second flight.
func (f *flight) land(res Resolution, err error) {
	left := errors.Is(context.Cause(f.ctx), context.Canceled)
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	if f.group.flights[f.request] == f {
		delete(f.group.flights, f.request)
	}
	// The save of an abandoned flight may still wait for its turn, and must not
	// follow that of a later flight.
	f.superseded = f.superseded || left
	remembered := err == nil && !res.Stale || f.planned
	var shared uint64
	if f.request.App == "" {
		shared = f.shared.Add(1) // its waiters get the answer also if it is not kept
	}
	if !f.superseded && remembered {
		e := f.newEntry(f.request, res, err)
		e.shared = shared
		f.group.keep(e)
	}
	f.group.unload() // what a read of storage returned before may be old
}

// limit sums the time limits of the sources, with the checks of their tokens.
func (f *flight) limit() time.Duration {
	each := linkGrace
	if f.cfg.Verifier != nil {
		each += verifyTimeout + linkGrace
	}
	if f.cfg.Narrower != nil && f.request.Access != AccessAny {
		each += f.cfg.Narrower.Timeout() + linkGrace
	}
	limit := flightMargin
	for _, s := range f.sources {
		limit += s.Timeout() + each
	}
	return limit
}
