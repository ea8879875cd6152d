package token

import (
	"math"
	"sync"
	"sync/atomic"
)

// entry is one cached answer. It is never changed.
type entry struct {
	request    Request
	answer     Resolution // as the fast path returns it
	freshUntil int64      // Unix time in nanoseconds
}

// group is what the resolver keeps of one app: its cached answers and its
// flights. Nothing is shared between the groups of two apps.
type group struct {
	// entries is read without a lock; a change replaces the slice, under mu.
	entries atomic.Pointer[[]*entry]
	// saving is held while a flight checks that its token may still be kept, and
	// keeps it: so what a superseded flight saves is on disk before what its
	// successor saves, never after.
	saving chan struct{}

	mu      sync.Mutex
	flights map[Request]*flight
	// barred holds, for requests whose stored token a refresh barred and could
	// not replace yet, the number up to which acquisitions are barred.
	barred map[Request]Sequence
}

func newGroup() *group {
	return &group{
		saving:  make(chan struct{}, 1),
		flights: make(map[Request]*flight),
		barred:  make(map[Request]Sequence),
	}
}

// find returns the entry that answers req at the given Unix time in nanoseconds.
func (g *group) find(req Request, now int64) *entry {
	entries := g.entries.Load()
	if entries == nil {
		return nil
	}
	for _, e := range *entries {
		// An app has one or two entries, and the name is the app's already.
		if e.request.Access == req.Access && e.request.Organization == req.Organization {
			if now < e.freshUntil {
				return e
			}
			return nil
		}
	}
	return nil
}

// keep puts e in place of what stood for its request. The caller holds mu.
func (g *group) keep(e *entry) {
	g.drop(func(old *entry) bool { return old.request == e.request })
	var next []*entry
	if old := g.entries.Load(); old != nil {
		next = append(next, *old...)
	}
	next = append(next, e)
	g.entries.Store(&next)
}

// drop removes the entries that match. The caller holds mu.
func (g *group) drop(match func(*entry) bool) {
	old := g.entries.Load()
	if old == nil {
		return
	}
	next := make([]*entry, 0, len(*old))
	for _, e := range *old {
		if !match(e) {
			next = append(next, e)
		}
	}
	g.entries.Store(&next)
}

// supersede makes the flights under way give their answers to their waiters
// alone, and drops the entries that match: whoever calls from now on starts
// afresh.
func (g *group) supersede(match func(*entry) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(match)
	for req, f := range g.flights {
		f.superseded = true
		delete(g.flights, req)
	}
}

// newEntry makes the cache's entry of an answer.
func (r *Resolver) newEntry(req Request, res Resolution) *entry {
	e := &entry{request: req, answer: res.fromCache(AcquirerFacade), freshUntil: math.MaxInt64}
	if !res.ExpiresAt.IsZero() {
		// One tick less, since the clock that is asked may be that late.
		e.freshUntil = r.freshUntil(res.Record).Add(-clockTick).UnixNano()
	}
	return e
}
