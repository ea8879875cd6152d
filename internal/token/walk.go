package token

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// saveTimeout bounds the writing of one record, which is a few milliseconds'
// work. A disk that hangs costs this much, and the token stays in memory.
const saveTimeout = 5 * time.Second

// walk descends the chain until a link has a fresh token.
func (r *Resolver) walk(f *flight, barred bool) (Resolution, error) {
	gen := r.generation(f)
	failure := &NoTokenError{Request: f.request}
	var best *Resolution
	for _, src := range r.sources {
		if src.Name() == SourceStorage && barred {
			failure.miss(src, &MissError{Reason: "what is stored was acquired before this refresh"})
			continue
		}
		c, err := r.ask(f, src)
		if f.ctx.Err() != nil {
			return Resolution{}, context.Cause(f.ctx)
		}
		if err != nil {
			failure.miss(src, err)
			if errors.Is(err, ErrStop) {
				return Resolution{}, failure
			}
			continue
		}
		res := resolutionOf(src, c)
		res.Record = r.withExpiry(res.Record)
		now := time.Now()
		switch r.freshness(res.Record, src.Name(), now) {
		case fresh:
			return r.accept(f, gen, c.Minted, res)
		case stale:
			failure.miss(src, staleMiss(res.Record, now))
			if best == nil || res.ExpiresAt.After(best.ExpiresAt) {
				best = &res
			}
		case expired:
			failure.miss(src, expiredMiss(src.Name(), res.Record))
		}
	}
	if best == nil {
		return Resolution{}, failure
	}
	return lastResort(f.request, *best), nil
}

func resolutionOf(src Source, c Candidate) Resolution {
	res := Resolution{Record: c.Record, Source: src.Name(), Acquirer: AcquirerGroup, Warnings: c.Warnings}
	if res.Origin == "" {
		res.Origin = src.Name()
	}
	return res
}

// lastResort marks a stale token that is handed out for want of a better one.
func lastResort(req Request, res Resolution) Resolution {
	res.Stale = true
	res.Warnings = append(res.Warnings[:len(res.Warnings):len(res.Warnings)], Warning{
		Summary: "Fly App Token Is About to Expire",
		Detail: fmt.Sprintf("The token for app %q comes from %s and expires at %s, sooner than min_validity asks for, and no other source had a better one.",
			req.App, res.Source, res.ExpiresAt.UTC().Format(time.RFC3339)),
	})
	return res
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

func (e *NoTokenError) miss(src Source, err error) {
	e.Attempts = append(e.Attempts, Attempt{Source: src.Name(), Err: err})
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

// guarded calls do in a goroutine of its own: a panic becomes an error, and a
// call that overstays its deadline is given up.
func guarded[T any](parent context.Context, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	landed := make(chan outcome, 1)
	go func() {
		var out outcome
		defer func() {
			if v := recover(); v != nil {
				out.err = panicError(v)
			}
			landed <- out
		}()
		out.value, out.err = do(ctx)
	}()
	var none T
	select {
	case out := <-landed:
		return out.value, out.err
	case <-parent.Done():
		return none, context.Cause(parent)
	case <-ctx.Done():
	}
	grace := time.NewTimer(linkGrace)
	defer grace.Stop()
	select {
	case out := <-landed:
		return out.value, out.err
	case <-parent.Done():
		return none, context.Cause(parent)
	case <-grace.C:
		return none, &MissError{Reason: fmt.Sprintf("it did not answer within %s", limit), Cause: context.DeadlineExceeded}
	}
}

// panicError tells of a panic without its value, which might hold anything,
// unless the runtime raised it.
func panicError(v any) error {
	if err, ok := v.(runtime.Error); ok {
		return &MissError{Reason: "it panicked: " + err.Error(), Fix: "this is a bug in the provider: please report it", Cause: err}
	}
	return &MissError{Reason: fmt.Sprintf("it panicked with a %T", v), Fix: "this is a bug in the provider: please report it"}
}
