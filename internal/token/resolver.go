package token

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/coalesce"
)

// Options configure a [Resolver].
type Options struct {
	// Sources are the sources, in the order in which they are asked.
	Sources []Source
	// Store keeps manual tokens and, if Sources has one named storage, minted
	// ones. Nil keeps nothing.
	Store Store
	// TokenTTL is the longest life that a stored token may have had.
	TokenTTL time.Duration
	// MinValidity is the remaining life below which a token is stale.
	MinValidity time.Duration
	// Verifier checks tokens with Fly under [PolicyIfRejected]. Nil checks
	// none.
	Verifier Verifier
	// Narrower makes tokens prove the access that a request sets. Nil refuses
	// such requests.
	Narrower Narrower
	// Named reports whether the user's configuration names a source explicitly.
	// A named source may return a login with access to more than the app. Nil
	// names none.
	Named func(SourceName) bool
	// Organization returns the slug of the organization to mint a token for req in:
	// the one that req names, or that its app belongs to. If both are known and
	// differ, it is an error. Nil means that no app shares a token.
	Organization func(ctx context.Context, req Request) (string, error)
	// Discard revokes a token that was minted and is not returned to any caller. Nil
	// leaves it to expire.
	Discard func(ctx context.Context, req Request, rec Record) error
	// Recover revokes the tokens of mints that were announced at a [Request.Place]
	// and not stored. The caller holds the claim. Nil leaves the tokens to expire.
	Recover func(ctx context.Context, place string, left []Mint)
	// Observer is called while the resolver works. Nil costs nothing.
	Observer Observer
}

// Resolver finds tokens for apps during one run of the provider. Each request
// is acquired once, for any number of readers. A failure is remembered until
// something changes that may end it. It is safe for concurrent use.
type Resolver struct {
	cfg Options
	// began returns the number of the latest acquisition before the run, as of its
	// first call.
	began    func() Sequence
	groups   sync.Map // Request.Place → *group
	rejected sync.Map // rejection → error
	// shared counts the answers of the flights of organizations.
	shared atomic.Uint64
	// suspects has the organizations whose token Fly refused for an app in this run.
	suspects sync.Map
}

// ErrNoStore is returned by the methods on manual tokens, and by
// [Resolver.Invalidate], if the resolver has no [Store].
var ErrNoStore = errors.New("there is no storage for tokens")

// ErrExpired is wrapped by the error of setting an expired manual token.
var ErrExpired = errors.New("the token has already expired")

// New returns a resolver with an empty cache.
func New(o Options) *Resolver {
	if o.Observer == nil {
		o.Observer = unobserved{}
	}
	r := &Resolver{cfg: o}
	r.began = sync.OnceValue(func() Sequence { return r.sequence(context.Background()) })
	return r
}

// Read is a plan-time read. The run's first Read of a request acquires a token under
// the given policy, and later ones share the outcome, whatever their policy: a token
// while it is fresh, a failure until [Resolver.SetManual], [Resolver.Invalidate] or
// [Resolver.Refresh]. Callers of different apps do not wait for each other.
//
// The error is a [*NoTokenError], one that wraps [ErrInvalidRequest], or the cause
// of ctx's end.
func (r *Resolver) Read(ctx context.Context, req Request, policy Policy) (Resolution, error) {
	if e := r.cached(req); e != nil {
		r.cfg.Observer.Cached(ctx, req, policy, acquired(e.answer, false, e.err))
		return e.answer, e.err
	}
	ctx, ended := r.cfg.Observer.Acquire(ctx, req, policy)
	f := &flight{request: req, policy: policy, planned: true}
	if policy == PolicyAlways {
		f.since.stored = r.began()
	}
	call, joined := r.acquire(ctx, f)
	res, err := call.Wait(ctx)
	ended(acquired(res, joined, err))
	return res, err
}

// Refresh invalidates and acquires in one step, for req alone: from its start on, no
// caller receives a token that policy bars. Storage is replaced only when there is a
// new token. Concurrent refreshes share one acquisition. The app's remembered
// failures are dropped.
//
// Under [PolicyAlways] a failure is final: no barred token is returned instead of a
// better one. Under the other policies a stale one is, with a warning.
func (r *Resolver) Refresh(ctx context.Context, req Request, policy Policy) (Resolution, error) {
	ctx, ended := r.cfg.Observer.Acquire(ctx, req, policy)
	call, joined := r.acquire(ctx, &flight{request: req, policy: policy, since: bar{r.sequence(ctx), r.shared.Load()}})
	res, err := call.Wait(ctx)
	ended(acquired(res, joined, err))
	return res, err
}

// Invalidate drops the cached tokens at a [Request.Place] and its minted tokens in
// storage, for every access. At that of an organization this is the token that its apps
// share. A flight under way puts its token into neither. The manual token stays. The
// error is the store's.
func (r *Resolver) Invalidate(ctx context.Context, place string) error {
	if err := ValidatePlace(place); err != nil {
		return err
	}
	g := r.groupAt(place)
	// This supersedes twice: before, for the flights under way, and after, for
	// a flight that started in between and may have read the old record.
	g.supersede(func(*entry) bool { return true })
	r.dropShared(place)
	if r.cfg.Store == nil {
		return nil
	}
	err := r.cfg.Store.Invalidate(ctx, place)
	g.supersede(func(*entry) bool { return true })
	r.dropShared(place)
	return err
}

// cached returns the run's result for req: no lock, no allocation, no group.
func (r *Resolver) cached(req Request) *entry {
	if g := r.known(req.App); g != nil {
		return g.find(req, time.Now())
	}
	return nil
}

// known returns the group of a [Request.Place], nil before its first miss.
func (r *Resolver) known(place string) *group {
	v, _ := r.groups.Load(place)
	g, _ := v.(*group)
	return g
}

// groupAt returns the group of a [Request.Place], made on its first miss.
func (r *Resolver) groupAt(place string) *group {
	if g := r.known(place); g != nil {
		return g
	}
	r.groups.LoadOrStore(place, newGroup())
	return r.known(place)
}

// sequence returns the number of the latest acquisition in storage. If it
// cannot be read, stored tokens count as acquired later, and only their own
// properties matter.
func (r *Resolver) sequence(ctx context.Context) Sequence {
	if !r.stores() {
		return 0
	}
	seq, err := guarded(ctx, saveTimeout, r.cfg.Store.Sequence)
	if err != nil {
		return 0
	}
	return seq
}

// acquire enters a caller's request, unless it is invalid or the caller has left.
func (r *Resolver) acquire(ctx context.Context, f *flight) (call *coalesce.Call[Resolution], joined bool) {
	err := f.request.Validate()
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return coalesce.Ended(Resolution{}, err), false
	}
	f.asker, f.sources = f.request, r.cfg.Sources
	return r.enter(ctx, f)
}

// enter returns the call that will answer: that of next, one to join, or a cache entry
// that appeared since the caller looked. The cache is read under the group's lock, so
// that no caller starts a second walk after the first has landed.
func (r *Resolver) enter(ctx context.Context, next *flight) (call *coalesce.Call[Resolution], joined bool) {
	req := next.request
	g := r.groupAt(req.Place())
	g.mu.Lock()
	defer g.mu.Unlock()
	if next.planned {
		if e := g.find(req, time.Now()); e != nil && !next.bars(e) {
			return coalesce.Ended(e.answer.fromCache(AcquirerGroup), e.err), false
		}
	} else {
		g.drop(func(e *entry) bool { return e.request == req || e.err != nil || e.answer.Stale })
	}
	if f := g.flights[req]; f != nil {
		// The first of a run's readers of an app decides about the policy.
		if (next.planned && f.planned && req.App != "" || f.serves(next.policy, next.since)) && f.call.Join() {
			return f.call, true
		}
		f.superseded = true
	}
	next.Resolver, next.group = r, g
	next.raise()
	next.call = coalesce.Start(ctx, next.fly)
	g.flights[req] = next
	return next.call, false
}
