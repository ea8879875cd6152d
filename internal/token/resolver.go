package token

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Options configure a [Resolver].
type Options struct {
	// Sources are the links of the chain, in the order in which they are asked.
	Sources []Source
	// Store keeps manual tokens and, where Sources has a link named storage,
	// minted ones. Nil where there is no place to keep anything.
	Store Store
	// TokenTTL is the longest life that a stored token may have had.
	TokenTTL time.Duration
	// MinValidity is the remaining life below which a token is stale.
	MinValidity time.Duration
	// Verifier shows tokens to Fly under [PolicyIfRejected]. Nil shows none.
	Verifier Verifier
	// Narrower makes tokens prove the access that a request sets. Nil refuses
	// such requests.
	Narrower Narrower
	// Named reports whether the user's configuration names a source explicitly. A
	// link that it names may return a login that opens more than the app. Nil names
	// none.
	Named func(SourceName) bool
	// Organization looks up the slug of the organization that an app belongs to, for
	// messages. Nil looks up nothing.
	Organization func(ctx context.Context, app string) (string, error)
	// Discard revokes a token that was minted and is not returned to any caller. Nil
	// leaves it to expire.
	Discard func(ctx context.Context, req Request, rec Record)
	// Observer is told what the resolver does. Nil is told nothing, which costs
	// nothing.
	Observer Observer
}

// Resolver finds tokens for apps. It is safe for concurrent use.
type Resolver struct {
	sources     []Source
	store       Store
	tokenTTL    time.Duration
	minValidity time.Duration
	verifier    Verifier
	narrower    Narrower
	observer    Observer

	isNamed      func(SourceName) bool
	organization func(context.Context, string) (string, error)
	discard      func(context.Context, Request, Record)

	clock    *coarseClock
	groups   sync.Map // app name → *group
	rejected sync.Map // rejection → struct{}
}

// ErrNoStore is returned by the methods on manual tokens, and by
// [Resolver.Invalidate], where the resolver has no [Store].
var ErrNoStore = errors.New("no storage to keep tokens in")

// ErrExpired is wrapped when a manual token that has already expired is to be
// set.
var ErrExpired = errors.New("the token has already expired")

// New returns a resolver with an empty cache.
func New(o Options) *Resolver {
	return &Resolver{
		sources:      o.Sources,
		store:        o.Store,
		tokenTTL:     o.TokenTTL,
		minValidity:  o.MinValidity,
		verifier:     o.Verifier,
		narrower:     o.Narrower,
		observer:     o.Observer,
		isNamed:      o.Named,
		organization: o.Organization,
		discard:      o.Discard,
		clock:        newCoarseClock(),
	}
}

// Get returns a token for req: the cached one while it is fresh, else what the
// chain yields. Concurrent callers with equal requests share one walk of the
// chain; callers of different apps do not wait for each other.
//
// The error is a [*NoTokenError], one that wraps [ErrInvalidRequest], or the
// cause of ctx's end.
func (r *Resolver) Get(ctx context.Context, req Request) (Resolution, error) {
	if r.observer != nil {
		return r.observed(ctx, req, "", func(ctx context.Context) (Resolution, bool, error) {
			return r.get(ctx, req)
		})
	}
	if e := r.cached(req); e != nil {
		return e.answer, nil
	}
	res, _, err := r.resolve(ctx, req, "", nil)
	return res, err
}

// get is [Resolver.Get] with word of whether another's walk was shared. Get has
// the fast path once more, because handing on three results costs a quarter of it.
func (r *Resolver) get(ctx context.Context, req Request) (res Resolution, coalesced bool, err error) {
	if e := r.cached(req); e != nil {
		return e.answer, false, nil
	}
	return r.resolve(ctx, req, "", nil)
}

// Refresh invalidates and gets in one step, for req alone: from its start on, no
// caller is handed a token that policy bars. Storage is replaced only when a new
// token is there. Concurrent refreshes share one acquisition.
//
// Under [PolicyAlways] a failure is final: a barred token is not handed out for
// want of a better one. Under the other policies a stale one is, with a warning.
func (r *Resolver) Refresh(ctx context.Context, req Request, policy Policy) (Resolution, error) {
	return r.observed(ctx, req, policy, func(ctx context.Context) (Resolution, bool, error) {
		if err := req.Validate(); err != nil {
			return Resolution{}, false, err
		}
		since := r.sequence(ctx)
		return r.resolve(ctx, req, policy, &since)
	})
}

// Invalidate drops the app's cached tokens and its minted tokens in storage, for
// every access, and bars what is being acquired meanwhile from cache and
// storage. The manual token stays. The error is the store's.
func (r *Resolver) Invalidate(ctx context.Context, app string) error {
	if err := ValidateApp(app); err != nil {
		return err
	}
	if r.store == nil {
		r.supersede(app)
		return nil
	}
	// Superseded twice: before, so that no flight under way outlives the call;
	// after, because one that started in between may have read the old record.
	r.supersede(app)
	err := r.store.Invalidate(ctx, app)
	r.supersede(app)
	return err
}

func (r *Resolver) supersede(app string) {
	g := r.group(app)
	g.supersede(func(*entry) bool { return true })
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.barred)
}

// cached is the fast path: no lock, no allocation, no group.
func (r *Resolver) cached(req Request) *entry {
	if g := r.known(req.App); g != nil {
		return g.find(req, r.clock.now())
	}
	return nil
}

// known returns the app's group, nil before its first miss.
func (r *Resolver) known(app string) *group {
	v, _ := r.groups.Load(app)
	g, _ := v.(*group)
	return g
}

// group returns the app's group, made on its first miss.
func (r *Resolver) group(app string) *group {
	if g := r.known(app); g != nil {
		return g
	}
	r.groups.LoadOrStore(app, newGroup())
	return r.known(app)
}

// sequence returns the number of the latest acquisition in storage. Where it
// cannot be read, what is stored counts as acquired later: it is then judged by
// its own merits.
func (r *Resolver) sequence(ctx context.Context) Sequence {
	if !r.stores() {
		return 0
	}
	seq, err := guarded(ctx, saveTimeout, r.store.Sequence)
	if err != nil {
		return 0
	}
	return seq
}

// resolve enters the app's group and waits there, alone or for what another
// caller has begun. The empty policy is Get's. What was acquired after since
// counts as acquired for this call; nil stands for the call's own beginning.
func (r *Resolver) resolve(ctx context.Context, req Request, policy Policy, since *Sequence) (res Resolution, coalesced bool, err error) {
	if err := req.Validate(); err != nil {
		return Resolution{}, false, err
	}
	if ctx.Err() != nil {
		return Resolution{}, false, context.Cause(ctx)
	}
	f, joined, hit := r.enter(ctx, req, policy, since)
	if hit != nil {
		return hit.answer.fromCache(AcquirerGroup), false, nil
	}
	res, err = f.wait(ctx)
	return res, joined, err
}

// enter returns the flight that will answer, joined or started, or a cache entry
// that appeared while the caller was on its way. The cache is read under the
// group's lock, so that of ten thousand callers none starts a second walk after
// the first has landed.
func (r *Resolver) enter(ctx context.Context, req Request, policy Policy, since *Sequence) (f *flight, joined bool, hit *entry) {
	g := r.group(req.App)
	g.mu.Lock()
	defer g.mu.Unlock()
	if policy == "" {
		if e := g.find(req, time.Now().UnixNano()); e != nil {
			return nil, false, e
		}
	} else {
		g.drop(func(e *entry) bool { return e.request == req })
	}
	if f := g.flights[req]; f != nil {
		if f.serves(policy, since) {
			f.waiters++
			return f, true, nil
		}
		f.superseded = true
	}
	f = r.newFlight(ctx, g, req, policy)
	if since != nil {
		// At once: a flight that replaces this one must find the bar.
		f.bar(*since)
	}
	g.flights[req] = f
	go r.fly(f, since == nil)
	return f, false, nil
}
