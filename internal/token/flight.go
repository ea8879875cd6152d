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

	// ctx carries the first caller's values, its logger among them, but not its
	// cancellation. It ends with the flight's budget, or with its last waiter.
	ctx    context.Context
	budget *budget

	// superseded, under group.mu, means that only its waiters get the answer.
	superseded bool
}

// bar separates the tokens acquired before a call from later ones.
type bar struct {
	// stored is a number in storage.
	stored Sequence
	// shared is the number of an answer that an organization's flight gave in this run.
	shared uint64
}

// max returns the later bar.
func (b bar) max(other bar) bar {
	return bar{max(b.stored, other.stored), max(b.shared, other.shared)}
}

// serves reports whether a caller may share f: only if f bars everything that the
// caller bars. Under [PolicyAlways] a caller bars what was acquired up to since, and it
// may hold a token that was acquired after f began.
func (f *flight) serves(policy Policy, since bar) bool {
	switch policy {
	case PolicyAlways:
		return f.policy == policy && f.since == f.since.max(since)
	case PolicyIfRejected:
		return f.policy == policy
	default:
		return true
	}
}

// bars reports whether f must not return the answer of an organization's flight.
func (f *flight) bars(e *entry) bool {
	before := e.answer.sequence != 0 && e.answer.sequence <= f.since.stored
	return f.barred && e.err == nil && (before || e.shared <= f.since.shared)
}

// raise takes over the bar of earlier flights. Under [PolicyAlways] it raises the bar to
// the flight's own, also for later flights. The caller holds the group's lock.
func (f *flight) raise() {
	own := f.since
	f.since, f.barred = f.group.barred[f.request]
	if f.policy == PolicyAlways {
		f.since, f.barred = f.since.max(own), true
		f.group.barred[f.request] = f.since
	}
}

// fly asks the sources, and keeps the answer. A panic is an error of this
// flight only.
func (r *Resolver) fly(ctx context.Context, f *flight) (res Resolution, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f.ctx = ctx
	limit := r.flightLimit(f)
	f.budget = newBudget(limit, func() {
		cancel(fmt.Errorf("token: resolve %s: not finished within %s: %w", f.request.Subject(), limit, context.DeadlineExceeded))
	})
	defer f.budget.stop()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("token: resolve %s: %w", f.request.Subject(), panicError(v))
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
	var shared uint64
	if f.request.App == "" {
		shared = r.shared.Add(1) // its waiters get the answer also if it is not kept
	}
	if !f.superseded && remembered {
		e := r.newEntry(f.request, res, err)
		e.shared = shared
		f.group.keep(e)
	}
	f.group.unload() // what a read of storage returned before may be old
}

// flightLimit sums the time limits of the sources, with the checks of their
// tokens.
func (r *Resolver) flightLimit(f *flight) time.Duration {
	each := linkGrace
	if r.verifier != nil {
		each += verifyTimeout + linkGrace
	}
	if r.narrower != nil && f.request.Access != AccessAny {
		each += r.narrower.Timeout() + linkGrace
	}
	limit := flightMargin
	for _, s := range f.sources {
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
