package token

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	call    *coalesce.Call[Resolution]
	group   *group
	request Request
	policy  Policy
	// planned means that a [Resolver.Read] began it, so its failure is
	// remembered.
	planned bool
	// If barred is set, stored tokens that were acquired up to the number since
	// are not used.
	since  Sequence
	barred bool

	// ctx carries the first caller's values, its logger among them, but not its
	// cancellation. It ends with the flight's budget, or with its last waiter.
	ctx    context.Context
	budget *budget

	// superseded, under group.mu, means that only its waiters get the answer.
	superseded bool
}

// serves reports whether a caller may share f: only if f bars everything that the
// caller bars. Under [PolicyAlways] a caller bars what was acquired up to since, and it
// may hold a token that was acquired after f began.
func (f *flight) serves(policy Policy, since Sequence) bool {
	switch policy {
	case PolicyAlways:
		return f.policy == policy && f.since >= since
	case PolicyIfRejected:
		return f.policy == policy
	default:
		return true
	}
}

// bar takes over the bar of earlier flights. Under [PolicyAlways] it raises the bar to
// since, also for later flights. The caller holds the group's lock.
func (f *flight) bar(since Sequence) {
	f.since, f.barred = f.group.barred[f.request]
	if f.policy == PolicyAlways {
		f.since, f.barred = max(f.since, since), true
		f.group.barred[f.request] = f.since
	}
}

// fly asks the sources, and keeps the answer. A panic is an error of this
// flight only.
func (r *Resolver) fly(ctx context.Context, f *flight) (res Resolution, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f.ctx = ctx
	limit := r.flightLimit(f.request)
	f.budget = newBudget(limit, func() {
		cancel(fmt.Errorf("token: resolve app %q: not finished within %s: %w", f.request.App, limit, context.DeadlineExceeded))
	})
	defer f.budget.stop()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("token: resolve app %q: %w", f.request.App, panicError(v))
		}
		r.land(f, res, err)
	}()
	return r.walk(f)
}

// land caches the outcome before the flight ends, so that none of ten thousand
// callers starts a second flight.
func (r *Resolver) land(f *flight, res Resolution, err error) {
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
	if !f.superseded && remembered {
		f.group.keep(r.newEntry(f.request, res, err))
	}
}

// flightLimit sums the time limits of the sources, with the checks of their
// tokens.
func (r *Resolver) flightLimit(req Request) time.Duration {
	each := linkGrace
	if r.verifier != nil {
		each += verifyTimeout + linkGrace
	}
	if r.narrower != nil && req.Access != AccessAny {
		each += r.narrower.Timeout() + linkGrace
	}
	limit := flightMargin
	for _, s := range r.sources {
		limit += s.Timeout() + each
	}
	return limit
}

// budget is a deadline that can be paused, because the wait for a slot is not
// the flight's own time.
type budget struct {
	mu      sync.Mutex
	timer   *time.Timer
	left    time.Duration
	started time.Time
	spent   bool
}

func newBudget(limit time.Duration, over func()) *budget {
	return &budget{timer: time.AfterFunc(limit, over), left: limit, started: time.Now()}
}

// pause stops the clock until the returned function is called.
func (b *budget) pause() (resume func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left -= time.Since(b.started)
	b.timer.Stop()
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.spent {
			return
		}
		b.started = time.Now()
		b.timer.Reset(b.left)
	}
}

func (b *budget) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = true
	b.timer.Stop()
}
