package token

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/coalesce"
)

// entry is the run's result for one request: an answer or a failure. It is
// immutable.
type entry struct {
	request Request
	answer  Resolution // as the cache returns it
	err     error
	until   int64 // Unix time in nanoseconds
	// shared numbers the answers of the flights of organizations.
	shared uint64
}

// group holds the cache entries and the flights of one app, or of the token that the
// apps of an organization share. The groups of two apps share nothing.
type group struct {
	// entries is read without a lock; a change replaces the slice, under mu.
	entries atomic.Pointer[[]*entry]
	// saving is held while a flight checks that its token may still be stored, and
	// stores it. So a superseded flight never stores a token after its successor did.
	saving chan struct{}
	// loaded shares one read of storage among the apps of an organization.
	loaded atomic.Pointer[coalesce.Group[struct{}, Stored]]

	mu      sync.Mutex
	flights map[Request]*flight
	// barred holds the bars of refreshes. They only grow, because what is acquired later
	// has a greater number.
	barred map[Request]bar
}

func newGroup() *group {
	g := &group{
		saving:  make(chan struct{}, 1),
		flights: make(map[Request]*flight),
		barred:  make(map[Request]bar),
	}
	g.unload()
	return g
}

// unload makes the next read of an organization's token read storage.
func (g *group) unload() { g.loaded.Store(&coalesce.Group[struct{}, Stored]{Remember: true}) }

// forget drops what the run knows, because storage may have a newer token.
func (g *group) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(func(*entry) bool { return true })
	g.unload()
}

// find returns the entry for req that is valid at the given instant.
func (g *group) find(req Request, now time.Time) *entry {
	entries := g.entries.Load()
	if entries == nil {
		return nil
	}
	for _, e := range *entries {
		// An app has only one or two entries, all with the app's name.
		if e.request.Access == req.Access && e.request.Organization == req.Organization {
			if now.UnixNano() < e.until {
				return e
			}
			return nil
		}
	}
	return nil
}

// keep replaces the entry for e's request. The caller holds mu.
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

// supersede drops the entries that match, and every failure and stale answer,
// because something changed that may end them. Flights under way answer only
// their waiters, and later callers start new ones.
func (g *group) supersede(match func(*entry) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(func(e *entry) bool { return e.err != nil || e.answer.Stale || match(e) })
	g.unload()
	for req, f := range g.flights {
		f.superseded = true
		delete(g.flights, req)
	}
}

// newEntry returns the cache entry for an answer or a failure. A failure counts
// for the rest of the run, and a stale answer until it expires. The sources had
// nothing better a moment ago, so they are not asked again for each reader.
func (r *Resolver) newEntry(req Request, res Resolution, err error) *entry {
	e := &entry{request: req, err: err, until: math.MaxInt64}
	if err != nil {
		e.answer.Acquirer = AcquirerFacade
		return e
	}
	e.answer = res.fromCache(AcquirerFacade)
	switch {
	case res.ExpiresAt.IsZero():
	case res.Stale:
		e.until = res.ExpiresAt.UnixNano()
	default:
		e.until = r.freshUntil(res.Record).UnixNano()
	}
	return e
}
