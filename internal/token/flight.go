package token

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// linkGrace is how long a link may take to tell why it failed, after its
// deadline: to kill a process and to remove its folder.
const linkGrace = 2 * time.Second

// flightMargin is what a flight may take beyond its links' deadlines: to wait
// for the app's other requests, and to save.
const flightMargin = 10 * time.Second

// flight is one walk of the chain, shared by those who wait for it.
type flight struct {
	group   *group
	request Request
	policy  Policy
	// since is the number up to which acquisitions are another call's: what
	// another process failed at before is tried again. Where barred is set, what
	// it stored before is not read either.
	since  Sequence
	barred bool

	// ctx carries the first caller's values, its logger among them, but not its
	// cancellation: that caller may leave, and the others stay.
	ctx    context.Context
	cancel context.CancelCauseFunc
	budget *budget

	// Under group.mu:
	waiters    int
	landed     bool
	superseded bool // its answer is its waiters' alone

	done chan struct{} // closed when the answer is there
	res  Resolution
	err  error
}

// newFlight makes a flight with one waiter. The caller holds the group's lock.
func (r *Resolver) newFlight(ctx context.Context, g *group, req Request, policy Policy) *flight {
	f := &flight{group: g, request: req, policy: policy, waiters: 1, done: make(chan struct{})}
	f.ctx, f.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	limit := r.flightLimit(req)
	f.budget = newBudget(limit, func() {
		r.land(f, Resolution{}, fmt.Errorf("token: resolve app %q: not finished within %s: %w",
			req.App, limit, context.DeadlineExceeded))
	})
	return f
}

// flightLimit sums what the links may take, each with what is done to its token.
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

// serves reports whether a caller may share f: only if f bars whatever the caller
// bars. Under [PolicyAlways] a caller bars what was acquired up to since, and it may
// hold a token that was acquired after f began. Every flight found the cache empty
// when it started, so a Get's flight returns nothing that [PolicyIfExpired] bars.
func (f *flight) serves(policy Policy, since *Sequence) bool {
	switch policy {
	case PolicyAlways:
		return f.policy == policy && since != nil && f.since >= *since
	case PolicyIfRejected:
		return f.policy == policy
	default:
		return true
	}
}

// wait returns the flight's answer, or the cause of ctx's end if that comes
// first. Who leaves last takes the flight down.
func (f *flight) wait(ctx context.Context) (Resolution, error) {
	select {
	case <-f.done:
		return f.res, f.err
	case <-ctx.Done():
	}
	select {
	case <-f.done:
		return f.res, f.err
	default:
		f.leave()
		return Resolution{}, context.Cause(ctx)
	}
}

func (f *flight) leave() {
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	f.waiters--
	if f.waiters > 0 || f.landed {
		return
	}
	// Off the board first, so that a caller who arrives now starts anew instead
	// of sharing a cancelled flight.
	f.superseded = true
	f.off()
	f.cancel(context.Canceled)
}

// off takes f off the board, unless another flight stands there already. The
// caller holds the group's lock.
func (f *flight) off() {
	if f.group.flights[f.request] == f {
		delete(f.group.flights, f.request)
	}
}

// land ends the flight, once: with the walk's answer, or without it when its
// time is up.
func (r *Resolver) land(f *flight, res Resolution, err error) {
	f.group.mu.Lock()
	defer f.group.mu.Unlock()
	if f.landed {
		return
	}
	f.landed = true
	f.budget.stop()
	f.off()
	if err == nil && !f.superseded && !res.Stale {
		f.group.keep(r.newEntry(f.request, res))
	}
	f.res, f.err = res, err
	close(f.done)
	f.cancel(nil)
}

// fly walks the chain and lands. A panic is this flight's error and no other's.
func (r *Resolver) fly(f *flight, unnumbered bool) {
	defer func() {
		if v := recover(); v != nil {
			r.land(f, Resolution{}, fmt.Errorf("token: resolve app %q: %w", f.request.App, panicError(v)))
		}
	}()
	if unnumbered {
		since := r.sequence(f.ctx)
		f.group.mu.Lock()
		f.bar(since)
		f.group.mu.Unlock()
	}
	res, err := r.walk(f)
	r.land(f, res, err)
}

// bar notes what the flight bars, for flights that come after it, and takes over
// what an earlier flight barred. The caller holds the group's lock.
func (f *flight) bar(since Sequence) {
	upTo, barred := f.group.barred[f.request]
	f.since = max(f.since, since, upTo)
	f.barred = barred || f.policy == PolicyAlways
	if f.barred {
		f.group.barred[f.request] = f.since
	}
}

// budget is a deadline that can be stopped for a while: the wait for a slot is
// not the flight's own time.
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
