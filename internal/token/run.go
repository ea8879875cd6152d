package token

import (
	"context"
	"sync"
	"time"
)

// Run is a resolver as one Terraform operation sees it: each request is
// re-acquired once, however many readers it has, and what failed is not tried
// again until something was done about it. It is safe for concurrent use.
type Run struct {
	resolver *Resolver
	// began numbers the latest acquisition before the run: what any process
	// acquired or failed at later counts as this run's own.
	began Sequence

	mu    sync.Mutex
	reads map[Request]*read
	// since stands in for began where something was done about an app's failure.
	since map[string]Sequence
}

// read is what a run knows of one request.
type read struct {
	done chan struct{} // closed when the first reader is through
	// Written before done is closed:
	left bool // the first reader's own context ended: nothing is known
	res  Resolution
	err  error
}

// NewRun starts a run over r.
func NewRun(r *Resolver) *Run {
	return &Run{
		resolver: r,
		began:    r.sequence(context.Background()),
		reads:    make(map[Request]*read),
		since:    make(map[string]Sequence),
	}
}

// Read is a plan-time read. The run's first Read of a request is a
// [Resolver.Refresh] under the given policy; later ones share its outcome,
// whatever their policy: its token while that is fresh, its failure until
// [Run.SetManual], [Run.Invalidate] or [Run.Refresh].
func (r *Run) Read(ctx context.Context, req Request, policy Policy) (Resolution, error) {
	return r.resolver.observed(ctx, req, policy, func(ctx context.Context) (Resolution, bool, error) {
		return r.read(ctx, req, policy)
	})
}

func (r *Run) read(ctx context.Context, req Request, policy Policy) (res Resolution, coalesced bool, err error) {
	for {
		rd, first := r.begin(req)
		if first {
			return r.lead(ctx, rd, req, policy)
		}
		waited, err := rd.wait(ctx)
		switch {
		case err != nil:
			return Resolution{Acquirer: AcquirerFacade}, waited, err
		case rd.left:
			continue
		case rd.err != nil:
			return Resolution{Acquirer: AcquirerFacade}, waited, rd.err
		case rd.res.Stale && !time.Now().After(rd.res.ExpiresAt):
			// The chain had nothing better a moment ago: it is not walked again
			// for each of the readers.
			return rd.res.fromCache(AcquirerFacade), waited, nil
		}
		res, joined, err := r.follow(ctx, rd, req)
		return res, waited || joined, err
	}
}

// wait returns when the first reader is through, and whether that took a wait.
// The error is the cause of ctx's end.
func (rd *read) wait(ctx context.Context) (waited bool, err error) {
	select {
	case <-rd.done:
		return false, nil
	default:
	}
	select {
	case <-rd.done:
		return true, nil
	case <-ctx.Done():
		return true, context.Cause(ctx)
	}
}

// begin returns what is known of req, and whether the caller is the first to
// ask.
func (r *Run) begin(req Request) (rd *read, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rd, ok := r.reads[req]; ok {
		return rd, false
	}
	rd = &read{done: make(chan struct{})}
	r.reads[req] = rd
	return rd, true
}

// lead refreshes on behalf of every reader of req.
func (r *Run) lead(ctx context.Context, rd *read, req Request, policy Policy) (res Resolution, coalesced bool, err error) {
	rd.left = true // until the outcome is known
	defer close(rd.done)
	since := r.sinceFor(req.App)
	res, coalesced, err = r.resolver.resolve(ctx, req, policy, &since)
	if err != nil && ctx.Err() != nil {
		r.forget(func(_ Request, known *read) bool { return known == rd })
		return Resolution{}, coalesced, err
	}
	rd.left, rd.res, rd.err = false, res, err
	return res, coalesced, err
}

// follow answers a later reader from the resolver's cache, which walks the chain
// again only where the token is no longer fresh. That walk's outcome is then what
// the run knows.
func (r *Run) follow(ctx context.Context, rd *read, req Request) (res Resolution, coalesced bool, err error) {
	res, coalesced, err = r.resolver.get(ctx, req)
	if err == nil && !res.Stale || ctx.Err() != nil {
		return res, coalesced, err
	}
	next := &read{done: make(chan struct{}), res: res, err: err}
	close(next.done)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reads[req] == rd {
		r.reads[req] = next
	}
	return res, coalesced, err
}

// forget drops what is known of the requests that match.
func (r *Run) forget(match func(Request, *read) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for req, rd := range r.reads {
		if match(req, rd) {
			delete(r.reads, req)
		}
	}
}

// sinceFor returns the number after which acquisitions for app are the run's own.
func (r *Run) sinceFor(app string) Sequence {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.began, r.since[app])
}

// forgetFailures drops the app's remembered failures, and the reads under way
// that may yet become one.
func (r *Run) forgetFailures(app string) {
	now := r.resolver.sequence(context.Background())
	r.mu.Lock()
	r.since[app] = now
	r.mu.Unlock()
	r.forget(func(req Request, rd *read) bool {
		if req.App != app {
			return false
		}
		select {
		case <-rd.done:
			return rd.left || rd.err != nil || rd.res.Stale
		default:
			return true
		}
	})
}

// Get is [Resolver.Get].
func (r *Run) Get(ctx context.Context, req Request) (Resolution, error) {
	return r.resolver.Get(ctx, req)
}

// Refresh is [Resolver.Refresh], asked for explicitly: the app's remembered
// failures are forgotten.
func (r *Run) Refresh(ctx context.Context, req Request, policy Policy) (Resolution, error) {
	r.forgetFailures(req.App)
	return r.resolver.Refresh(ctx, req, policy)
}

// Invalidate is [Resolver.Invalidate]; the app's remembered failures are
// forgotten.
func (r *Run) Invalidate(ctx context.Context, app string) error {
	defer r.forgetFailures(app)
	return r.resolver.Invalidate(ctx, app)
}

// Manual is [Resolver.Manual].
func (r *Run) Manual(ctx context.Context, app string) (Record, error) {
	return r.resolver.Manual(ctx, app)
}

// SetManual is [Resolver.SetManual]; the app's remembered failures are
// forgotten.
func (r *Run) SetManual(ctx context.Context, app string, tok Token) (Record, error) {
	defer r.forgetFailures(app)
	return r.resolver.SetManual(ctx, app, tok)
}

// CreateManual is [Resolver.CreateManual]; the app's remembered failures are
// forgotten.
func (r *Run) CreateManual(ctx context.Context, app string, tok Token) (Record, error) {
	defer r.forgetFailures(app)
	return r.resolver.CreateManual(ctx, app, tok)
}

// DeleteManual is [Resolver.DeleteManual].
func (r *Run) DeleteManual(ctx context.Context, app, fingerprint string) error {
	return r.resolver.DeleteManual(ctx, app, fingerprint)
}
