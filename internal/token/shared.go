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
	return r.organization != nil && req.App != "" && req.Access == AccessAny
}

// home returns the organization that the request names, or the one that storage knows
// for the app, or "". It asks no server.
func (w *walk) home(ctx context.Context, limit time.Duration) string {
	if slug := w.flight.request.Organization; slug != "" {
		return slug
	}
	w.load(ctx, limit)
	return w.stored.Organization
}

// sharedFromStorage is the source "storage" for the token of an organization. One read
// serves the plan-time reads of all its apps.
func (w *walk) sharedFromStorage(ctx context.Context, limit time.Duration) (Candidate, error) {
	req := Request{Organization: w.slug}
	g := w.group(req.Place())
	if !w.flight.planned {
		g.forget()
	} else if e := g.find(req, time.Now()); e != nil && e.err == nil && !w.flight.bars(e) {
		if !w.isMember(limit) {
			return Candidate{}, &MissError{Reason: "nothing stored for this request", Cause: ErrNoRecord}
		}
		return Candidate{Record: e.answer.Record, sharedWith: w.slug, recent: e.answer.recent, sequence: e.answer.sequence}, nil
	}
	stored, err := w.loadShared(ctx, g, req, limit)
	c, err := w.flight.candidate(stored, err)
	c.Minted, c.sharedWith = false, w.slug // it is stored already
	return c, err
}

// loadShared reads storage once for all that ask until g is unloaded.
func (r *Resolver) loadShared(ctx context.Context, g *group, req Request, limit time.Duration) (Stored, error) {
	return g.loaded.Load().Do(ctx, struct{}{}, func(ctx context.Context) (Stored, error) {
		return guarded(ctx, limit, func(ctx context.Context) (Stored, error) { return r.store.Load(ctx, req) })
	})
}

// shares reports whether to mint the organization's token instead of asking src for the
// app. It is false if the app's organization is unknown, or not the one that the request
// names: src then says why.
func (w *walk) shares(src Source) bool {
	if !mints(src.Name()) || !w.shareable(w.flight.request) || w.triedShared {
		return false
	}
	w.triedShared = true
	slug, err := w.lookUp(w.flight.request, src.Timeout())
	if err != nil || slug == "" {
		if w.stores() {
			w.load(w.flight.ctx, saveTimeout)
		}
		return false
	}
	w.confirm()
	w.refused = w.outOfReach && slug == w.slug
	w.slug = slug
	return true
}

func (w *walk) lookUp(req Request, limit time.Duration) (slug string, err error) {
	return guarded(w.flight.ctx, limit, func(ctx context.Context) (string, error) { return w.organization(ctx, req) })
}

// isMember reports whether the app may belong to the organization whose token this run
// acquired. Fly has not seen that token for this app.
func (w *walk) isMember(limit time.Duration) bool {
	slug, err := w.lookUp(w.flight.request, limit)
	w.confirm()
	return err == nil && slug == w.slug || err != nil && w.flight.request.Organization == ""
}

// confirm notes whether the app can be looked up. [Options.Organization] has then
// compared its organization with the one that the request names.
func (w *walk) confirm() {
	_, err := w.lookUp(Request{App: w.flight.request.App}, verifyTimeout)
	w.unconfirmed = err != nil
}

// again makes the organization mint a new token in place of one that Fly refuses for the
// app: the organization may have been made anew under the same slug. It does not if the
// app cannot be looked up. The token of the other apps then stays, and the error says so.
func (w *walk) again(ctx context.Context) error {
	if w.unconfirmed {
		return w.wrongOrganization(ctx, found{Resolution: Resolution{SharedWith: w.slug}}, ErrOutOfReach)
	}
	w.refuse(Request{Organization: w.slug}, rejection{fingerprint: w.unreachable}, ErrOutOfReach)
	return nil
}

// stepShared joins the flight of the organization, which asks src and the sources next
// to it that mint.
func (w *walk) stepShared(src Source) (res Resolution, done bool, err error) {
	if w.refused {
		if err := w.again(w.flight.ctx); err != nil {
			return w.missed(src, err)
		}
	}
	res, err = w.mintShared(src)
	if w.flight.ctx.Err() != nil {
		return Resolution{}, true, context.Cause(w.flight.ctx)
	}
	if err != nil {
		w.knownMisses = []Attempt{{Source: src.Name(), Err: err}}
		if failure := new(NoTokenError); errors.As(err, &failure) {
			w.knownMisses = failure.Attempts
		}
		w.skips(src)
		return Resolution{}, false, nil
	}
	c := found{Resolution: res}
	c.SharedWith = w.slug
	if err := w.verify(w.flight.ctx, c); err != nil {
		return w.missed(src, err)
	}
	return w.accept(c)
}

// mintShared waits for the organization's flight. The wait is not the app's time.
func (w *walk) mintShared(src Source) (res Resolution, err error) {
	f := w.flight
	defer f.budget.pause()()
	ctx, ended := w.waitBegan(WaitMint)
	defer func() { ended(err) }()
	policy := PolicyIfExpired // the flights of the apps show tokens to Fly
	if f.barred {
		policy = PolicyAlways
	}
	shared, _, hit := w.enter(ctx, &flight{
		request: Request{Organization: w.slug}, asker: f.request, sources: w.mintersFrom(src),
		policy: policy, since: f.since, barred: f.barred, planned: f.planned,
	})
	if hit != nil {
		return hit.answer.fromCache(AcquirerGroup), hit.err
	}
	return shared.call.Wait(ctx)
}

// mintersFrom returns storage, if it is used, src, and the sources directly after src
// that mint.
func (w *walk) mintersFrom(src Source) []Source {
	var sources []Source
	all := w.flight.sources
	if at := slices.IndexFunc(all, func(s Source) bool { return s.Name() == SourceStorage }); at >= 0 {
		sources = append(sources, all[at])
	}
	from := slices.IndexFunc(all, func(s Source) bool { return s.Name() == src.Name() })
	for _, next := range all[from:] {
		if !mints(next.Name()) {
			break
		}
		sources = append(sources, next)
	}
	return sources
}

// noteOrganization records the app's organization, so that later runs find the token in
// storage without a lookup. If it fails, they look it up.
func (w *walk) noteOrganization(slug string) {
	req := w.flight.request
	if req.Organization != "" || !w.stores() || w.stored == nil || w.unread != nil || w.stored.Organization == slug {
		return
	}
	_, _ = guarded(w.flight.ctx, saveTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, w.store.SetOrganization(ctx, req.App, slug)
	})
}

// refuse remembers that Fly refuses a token. If it refuses it for every app, the flights
// of the organization that shares it may be about to return it.
func (r *Resolver) refuse(of Request, key rejection, err error) {
	if _, known := r.rejected.LoadOrStore(key, err); !known && key.app == "" {
		r.group(of.Place()).supersede(func(e *entry) bool { return e.answer.Token.Fingerprint() == key.fingerprint })
	}
}

// SharedOrganization returns the organization whose token an app shares, or "" if there
// is none. It looks in storage first. Then it looks the app up. If that fails, it returns
// the organization that req names. The error is that of the lookup.
func (r *Resolver) SharedOrganization(ctx context.Context, req Request) (string, error) {
	if r.organization == nil || !slices.ContainsFunc(r.sources, func(src Source) bool { return mints(src.Name()) }) {
		return "", nil
	}
	if r.store != nil {
		if stored, err := r.store.Load(ctx, Request{App: req.App}); err == nil && stored.Organization != "" {
			return stored.Organization, nil
		}
	}
	slug, err := guarded(ctx, verifyTimeout, func(ctx context.Context) (string, error) {
		return r.organization(ctx, Request{App: req.App})
	})
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
