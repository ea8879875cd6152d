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
	sources     []Source
	store       Store
	tokenTTL    time.Duration
	minValidity time.Duration
	verifier    Verifier
	narrower    Narrower
	observer    Observer

	isNamed      func(SourceName) bool
	organization func(context.Context, Request) (string, error)
	discard      func(context.Context, Request, Record) error
	recover      func(context.Context, string, []Mint)

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
	r := &Resolver{
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
		recover:      o.Recover,
	}
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
		return r.fromCache(ctx, req, policy, e)
	}
	ctx, ended := r.acquireBegan(ctx, req, policy)
	var since bar
	if policy == PolicyAlways {
		since.stored = r.began()
	}
	return ended(r.resolve(ctx, req, policy, since, true))
}

// Refresh invalidates and acquires in one step, for req alone: from its start on, no
// caller receives a token that policy bars. Storage is replaced only when there is a
// new token. Concurrent refreshes share one acquisition. The app's remembered
// failures are dropped.
//
// Under [PolicyAlways] a failure is final: no barred token is returned instead of a
// better one. Under the other policies a stale one is, with a warning.
func (r *Resolver) Refresh(ctx context.Context, req Request, policy Policy) (Resolution, error) {
	ctx, ended := r.acquireBegan(ctx, req, policy)
	return ended(r.resolve(ctx, req, policy, bar{r.sequence(ctx), r.shared.Load()}, false))
}

// Invalidate drops the cached tokens at a [Request.Place] and its minted tokens in
// storage, for every access. At that of an organization this is the token that its apps
// share. A flight under way puts its token into neither. The manual token stays. The
// error is the store's.
func (r *Resolver) Invalidate(ctx context.Context, place string) error {
	if err := ValidatePlace(place); err != nil {
		return err
	}
	g := r.group(place)
	// This supersedes twice: before, for the flights under way, and after, for
	// a flight that started in between and may have read the old record.
	g.supersede(func(*entry) bool { return true })
	r.dropShared(place)
	if r.store == nil {
		return nil
	}
	err := r.store.Invalidate(ctx, place)
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

// group returns the group of a [Request.Place], made on its first miss.
func (r *Resolver) group(place string) *group {
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
	seq, err := guarded(ctx, saveTimeout, r.store.Sequence)
	if err != nil {
		return 0
	}
	return seq
}

// resolve enters the app's group and waits there for a flight. Tokens acquired
// after since count as acquired for this call.
func (r *Resolver) resolve(ctx context.Context, req Request, policy Policy, since bar, planned bool) (res Resolution, coalesced bool, err error) {
	if err := req.Validate(); err != nil {
		return Resolution{}, false, err
	}
	if ctx.Err() != nil {
		return Resolution{}, false, context.Cause(ctx)
	}
	f, joined, hit := r.enter(ctx, &flight{request: req, asker: req, sources: r.sources, policy: policy, since: since, planned: planned})
	if hit != nil {
		return hit.answer.fromCache(AcquirerGroup), false, hit.err
	}
	res, err = f.call.Wait(ctx)
	return res, joined, err
}

// enter returns the flight that will answer, next or one to join, or a cache entry
// that appeared since the caller looked. The cache is read under the group's lock, so
// that no caller starts a second walk after the first has landed.
func (r *Resolver) enter(ctx context.Context, next *flight) (f *flight, joined bool, hit *entry) {
	req := next.request
	g := r.group(req.Place())
	g.mu.Lock()
	defer g.mu.Unlock()
	if next.planned {
		if e := g.find(req, time.Now()); e != nil && !next.bars(e) {
			return nil, false, e
		}
	} else {
		g.drop(func(e *entry) bool { return e.request == req || e.err != nil || e.answer.Stale })
	}
	if f := g.flights[req]; f != nil {
		// The first of a run's readers of an app decides about the policy.
		if (next.planned && f.planned && req.App != "" || f.serves(next.policy, next.since)) && f.call.Join() {
			return f, true, nil
		}
		f.superseded = true
	}
	next.group = g
	next.raise()
	next.call = coalesce.Start(ctx, func(ctx context.Context) (Resolution, error) { return r.fly(ctx, next) })
	g.flights[req] = next
	return next, false, nil
}
