package token

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Without an access, the sources cli and api mint a token that reads a whole
// organization. Its apps share one. A flight of an app looks for it at the position of
// storage. At that of the first source that mints, it joins a flight of the organization.

// shareable reports whether the request may share its organization's token.
func (r *Resolver) shareable(req Request) bool {
	return r.cfg.Organization != nil && req.App != "" && req.Access == AccessAny
}

// sharedFromStorage is the source "storage" for the token of an organization. One read
// serves the plan-time reads of all its apps.
func (f *flight) sharedFromStorage(ctx context.Context, limit time.Duration) (Candidate, error) {
	req := Request{Organization: f.slug}
	g := f.groupAt(req.Place())
	if !f.planned {
		g.forget()
	} else if e := g.find(req, time.Now()); e != nil && e.err == nil && !f.bars(e) {
		if !f.isMember(limit) {
			return Candidate{}, &MissError{Reason: "nothing stored for this request", Cause: ErrNoRecord}
		}
		return Candidate{Record: e.answer.Record, sharedWith: f.slug, recent: e.answer.recent, sequence: e.answer.sequence}, nil
	}
	stored, err := f.loadShared(ctx, g, req, limit)
	c, err := f.candidate(stored, err)
	c.Minted, c.sharedWith = false, f.slug // it is stored already
	return c, err
}

// loadShared reads storage once for all that ask until g is unloaded.
func (r *Resolver) loadShared(ctx context.Context, g *group, req Request, limit time.Duration) (Stored, error) {
	return g.loaded.Load().Do(ctx, struct{}{}, func(ctx context.Context) (Stored, error) {
		return guarded(ctx, limit, func(ctx context.Context) (Stored, error) { return r.cfg.Store.Load(ctx, req) })
	})
}

// shares reports whether to mint the organization's token instead of asking src for the
// app. It is false if the app's organization is unknown, or not the one that the request
// names: src then says why.
func (f *flight) shares(src Source) bool {
	if !mints(src.Name()) || !f.shareable(f.request) || f.triedShared {
		return false
	}
	f.triedShared = true
	slug, err := f.lookUp(f.ctx, f.request, src.Timeout())
	if err != nil || slug == "" {
		if f.stores() {
			f.load(f.ctx, saveTimeout)
		}
		return false
	}
	f.confirm()
	f.refused = f.outOfReach && slug == f.slug
	f.slug = slug
	return true
}

func (r *Resolver) lookUp(ctx context.Context, req Request, limit time.Duration) (slug string, err error) {
	return guarded(ctx, limit, func(ctx context.Context) (string, error) { return r.cfg.Organization(ctx, req) })
}

// isMember reports whether the app may belong to the organization whose token this run
// acquired. Fly has not seen that token for this app.
func (f *flight) isMember(limit time.Duration) bool {
	slug, err := f.lookUp(f.ctx, f.request, limit)
	f.confirm()
	return err == nil && slug == f.slug || err != nil && f.request.Organization == ""
}

// confirm notes whether the app can be looked up. [Options.Organization] has then
// compared its organization with the one that the request names.
func (f *flight) confirm() {
	_, err := f.lookUp(f.ctx, Request{App: f.request.App}, verifyTimeout)
	f.unconfirmed = err != nil
}

// again makes the organization mint a new token in place of one that Fly refuses for the
// app: the organization may have been made anew under the same slug. It does not if the
// app cannot be looked up. The token of the other apps then stays, and the error says so.
func (f *flight) again(ctx context.Context) error {
	if f.unconfirmed {
		return f.wrongOrganization(ctx, Candidate{sharedWith: f.slug}, ErrOutOfReach)
	}
	f.refuse(Request{Organization: f.slug}, rejection{fingerprint: f.unreachable}, ErrOutOfReach)
	return nil
}

// visitShared joins the flight of the organization, which asks src and the sources next
// to it that mint.
func (f *flight) visitShared(src Source) *result {
	if f.refused {
		if err := f.again(f.ctx); err != nil {
			return f.missed(src, err)
		}
	}
	res, err := f.mintShared(src)
	if r := f.left(); r != nil {
		return r
	}
	if err != nil {
		f.knownMisses = []Attempt{{Source: src.Name(), Err: err}}
		if failure := new(NoTokenError); errors.As(err, &failure) {
			f.knownMisses = failure.Attempts
		}
		f.skips(src)
		return nil
	}
	c := Candidate{Record: res.Record, Warnings: res.Warnings, source: res.Source, sharedWith: f.slug, sequence: res.sequence, recent: res.recent}
	if err := f.verify(f.ctx, c); err != nil {
		return f.missed(src, err)
	}
	return f.accept(c)
}

// mintShared waits for the organization's flight. The wait is not the app's time.
func (f *flight) mintShared(src Source) (res Resolution, err error) {
	defer f.budget.pause()()
	ctx, ended := f.cfg.Observer.Wait(f.ctx, f.asker, WaitMint)
	defer func() { ended(err) }()
	policy := PolicyIfExpired // the flights of the apps show tokens to Fly
	if f.barred {
		policy = PolicyAlways
	}
	call, _ := f.enter(ctx, &flight{
		request: Request{Organization: f.slug}, asker: f.request, sources: f.mintersFrom(src),
		policy: policy, since: f.since, barred: f.barred, planned: f.planned,
	})
	return call.Wait(ctx)
}

// mintersFrom returns storage, if it is used, src, and the sources directly after src
// that mint.
func (f *flight) mintersFrom(src Source) (sources []Source) {
	for _, s := range f.sources {
		if s.Name() == SourceStorage {
			sources = append(sources, s)
		}
	}
	from := slices.IndexFunc(f.sources, func(s Source) bool { return s.Name() == src.Name() })
	for _, next := range f.sources[from:] {
		if !mints(next.Name()) {
			break
		}
		sources = append(sources, next)
	}
	return sources
}

// noteOrganization records the app's organization, so that later runs find the token in
// storage without a lookup. If it fails, they look it up.
func (f *flight) noteOrganization(slug string) {
	req := f.request
	if req.Organization != "" || !f.stores() || f.stored == nil || f.unread != nil || f.stored.Organization == slug {
		return
	}
	_, _ = guarded(f.ctx, saveTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, f.cfg.Store.SetOrganization(ctx, req.App, slug)
	})
}

// refuse remembers that Fly refuses a token. If it refuses it for every app, the flights
// of the organization that shares it may be about to return it.
func (r *Resolver) refuse(of Request, key rejection, err error) {
	if _, known := r.rejected.LoadOrStore(key, err); !known && key.app == "" {
		r.groupAt(of.Place()).supersede(func(e *entry) bool { return e.answer.Token.Fingerprint() == key.fingerprint })
	}
}

// SharedOrganization returns the organization whose token an app shares, or "" if there
// is none. That is the one that storage noted for the app, if any. Otherwise it looks the
// app up. If that fails, it returns the organization that req names. The error is that of
// the lookup.
func (r *Resolver) SharedOrganization(ctx context.Context, req Request, noted string) (string, error) {
	if r.cfg.Organization == nil || !slices.ContainsFunc(r.cfg.Sources, func(src Source) bool { return mints(src.Name()) }) {
		return "", nil
	}
	if noted != "" {
		return noted, nil
	}
	slug, err := r.lookUp(ctx, Request{App: req.App}, verifyTimeout)
	if err != nil && req.Organization != "" {
		return req.Organization, nil
	}
	return slug, err
}

// dropShared drops the token of an organization's place from the cache of its apps. It
// supersedes flights that may be about to add it.
func (r *Resolver) dropShared(place string) {
	slug := At(place).Organization
	if slug == "" {
		return
	}
	r.groups.Range(func(_, v any) bool {
		if g, ok := v.(*group); ok {
			g.supersede(func(e *entry) bool { return e.answer.SharedWith == slug })
		}
		return true
	})
}
