package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// offer is a candidate on its way to become an answer.
type offer struct {
	Resolution
	minted bool
}

// walk descends the chain until a link has a fresh token.
func (r *Resolver) walk(f *flight, barred bool) (Resolution, error) {
	gen := r.generation(f)
	failure := &NoTokenError{Request: f.request}
	var resorts []offer
	for _, src := range r.sources {
		if src.Name() == SourceStorage && barred {
			failure.miss(src.Name(), &MissError{Reason: "what is stored was acquired before this refresh"})
			continue
		}
		o, err := r.offer(f, src)
		now := time.Now()
		switch {
		case f.ctx.Err() != nil:
			return Resolution{}, context.Cause(f.ctx)
		case errors.Is(err, ErrStop):
			failure.miss(src.Name(), err)
			return Resolution{}, failure
		case err != nil:
			failure.miss(src.Name(), err)
			continue
		}
		switch r.freshness(o.Record, o.Source, now) {
		case fresh:
			if err := r.verify(f, o); err != nil {
				failure.miss(src.Name(), err)
				continue
			}
			return r.accept(f, gen, o), nil
		case stale:
			failure.miss(src.Name(), staleMiss(o.Record, now))
			resorts = append(resorts, o)
		case expired:
			failure.miss(src.Name(), expiredMiss(o.Source, o.Record))
		}
	}
	return r.lastResort(f, resorts, failure)
}

// offer asks one link, and makes what it has prove the access that is asked for.
func (r *Resolver) offer(f *flight, src Source) (offer, error) {
	c, err := r.ask(f, src)
	if err != nil {
		return offer{}, err
	}
	if c.Origin == "" {
		c.Origin = src.Name()
	}
	c.Record = withExpiry(c.Record)
	if f.request.Access != AccessAny {
		if c, err = r.narrow(f, c); err != nil {
			return offer{}, err
		}
	}
	return offer{
		Resolution: Resolution{Record: c.Record, Source: src.Name(), Acquirer: AcquirerGroup, Warnings: c.Warnings},
		minted:     c.Minted,
	}, nil
}

// narrow makes c prove the access. What has expired is not worth it.
func (r *Resolver) narrow(f *flight, c Candidate) (Candidate, error) {
	if r.narrower == nil {
		return c, &MissError{Reason: fmt.Sprintf("no token can be made to prove access %q here", f.request.Access)}
	}
	if !c.ExpiresAt.IsZero() && time.Now().After(c.ExpiresAt) {
		return c, nil // told as such by the caller
	}
	c, err := guarded(f.ctx, r.narrower.Timeout(), func(ctx context.Context) (Candidate, error) {
		return r.narrower.Narrow(ctx, f.request, c)
	})
	c.Record = withExpiry(c.Record)
	return c, err
}

// lastResort hands out the best of the stale tokens, for want of a fresh one.
func (r *Resolver) lastResort(f *flight, resorts []offer, failure *NoTokenError) (Resolution, error) {
	slices.SortStableFunc(resorts, func(a, b offer) int { return b.ExpiresAt.Compare(a.ExpiresAt) })
	for _, o := range resorts {
		if err := r.verify(f, o); err != nil {
			failure.replace(o.Source, err)
			continue
		}
		res := o.Resolution
		res.Stale = true
		res.Warnings = append(res.Warnings[:len(res.Warnings):len(res.Warnings)], Warning{
			Summary: "Fly App Token Is About to Expire",
			Detail: fmt.Sprintf("The token for app %q comes from %s and expires at %s, sooner than min_validity asks for, and no other source had a better one.",
				f.request.App, res.Source, res.ExpiresAt.UTC().Format(time.RFC3339)),
		})
		return res, nil
	}
	return Resolution{}, failure
}

func staleMiss(rec Record, now time.Time) error {
	return &MissError{Reason: fmt.Sprintf("the token found is good for another %s, which is less than asked for",
		rec.ExpiresAt.Sub(now).Round(time.Second))}
}

func expiredMiss(name SourceName, rec Record) error {
	fix := ""
	switch name {
	case SourceManual:
		fix = "set another, or remove it"
	case SourceCLI, SourceAPI:
		fix = "check this machine's clock"
	case SourceConfig, SourceEnv:
		fix = "run `fly auth login`, or set another token"
	}
	return &MissError{
		Reason: "the token found expired at " + rec.ExpiresAt.UTC().Format(time.RFC3339),
		Fix:    fix,
		Cause:  ErrExpired,
	}
}

// ask runs one link under its own deadline. The wait for a slot, where the link
// has any, is nobody's time.
func (r *Resolver) ask(f *flight, src Source) (Candidate, error) {
	release := func() {}
	if limiter, ok := src.(Limiter); ok {
		resume := f.budget.pause()
		got, err := limiter.Slot(f.ctx)
		resume()
		if err != nil {
			return Candidate{}, err
		}
		release = got
	}
	c, err := guarded(f.ctx, src.Timeout(), func(ctx context.Context) (Candidate, error) {
		defer release()
		return src.Acquire(ctx, f.request)
	})
	if err == nil && c.Token.IsZero() {
		return c, &MissError{Reason: "it answered without a token: a bug in the provider"}
	}
	return c, err
}
