package provider

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// runLog writes a run to the engine's log: a debug line for each resolution, a
// trace line for each source and each wait, and a summary line. It contains
// only fingerprints of tokens.
type runLog struct {
	// ctx holds the logger of the Configure that began the run.
	ctx context.Context
	// debug means that debug lines are written. Building one costs more than a
	// cached answer.
	debug bool

	mu     sync.Mutex
	counts runCounts
}

// runCounts counts a run's resolutions by kind.
type runCounts struct {
	all, facade, group, coalesced, failed int
	// sources counts by the step with the answer.
	sources map[token.SourceName]int
}

var _ token.Observer = (*runLog)(nil)

func newRunLog(ctx context.Context, debug bool) *runLog {
	return &runLog{ctx: context.WithoutCancel(ctx), debug: debug, counts: runCounts{sources: make(map[token.SourceName]int)}}
}

// Cached logs an answer from the cache.
func (l *runLog) Cached(ctx context.Context, req token.Request, policy token.Policy, a token.Acquisition) {
	l.count(&a)
	if l.debug {
		l.resolved(ctx, req, policy, a, 0)
	}
}

// Acquire logs the result of a Read or a Refresh.
func (l *runLog) Acquire(ctx context.Context, req token.Request, policy token.Policy) (context.Context, func(token.Acquisition)) {
	began := time.Now()
	return ctx, func(a token.Acquisition) {
		l.count(&a)
		if l.debug {
			l.resolved(ctx, req, policy, a, time.Since(began))
		}
	}
}

// resolved writes the debug line of an acquisition.
func (l *runLog) resolved(ctx context.Context, req token.Request, policy token.Policy, a token.Acquisition, took time.Duration) {
	fields := map[string]any{
		"fly.app":             req.App,
		"fly.token.source":    string(a.Resolution.Source),
		"fly.token.acquirer":  string(a.Resolution.Acquirer),
		"fly.token.coalesced": a.Coalesced,
		"fly.token.refresh":   string(policy),
		"fly.duration_ms":     took.Milliseconds(),
	}
	if req.Organization != "" {
		fields["fly.organization"] = req.Organization
	}
	if req.Access != token.AccessAny {
		fields["fly.token.access"] = string(req.Access)
	}
	if a.Err != nil {
		fields["error"] = oneLine(a.Err)
		tflog.Debug(ctx, "found no Fly app token", fields)
		return
	}
	fields["fly.token.origin"] = string(a.Resolution.Origin)
	fields["fly.token.stale"] = a.Resolution.Stale
	fields["fly.token.fingerprint"] = a.Resolution.Token.Fingerprint()
	if end := a.Resolution.ExpiresAt; !end.IsZero() {
		fields["fly.token.remaining_s"] = int64(time.Until(end).Seconds())
	}
	tflog.Debug(ctx, "resolved a Fly app token", fields)
}

// Link logs the verdict on a source's answer.
func (l *runLog) Link(ctx context.Context, req token.Request, name token.SourceName) (context.Context, func(token.Visit)) {
	began := time.Now()
	return ctx, func(v token.Visit) {
		fields := map[string]any{
			"fly.app":          req.App,
			"fly.link.name":    string(name),
			"fly.link.verdict": string(v.Verdict),
			"fly.duration_ms":  time.Since(began).Milliseconds(),
		}
		if v.Err != nil {
			fields["fly.link.reason"] = oneLine(v.Err)
		}
		tflog.Trace(l.logging(ctx), "asked a source of Fly app tokens", fields)
	}
}

// Wait logs the duration of a wait.
func (l *runLog) Wait(ctx context.Context, req token.Request, what token.Wait) (context.Context, func(error)) {
	began := time.Now()
	return ctx, func(err error) {
		fields := map[string]any{
			"fly.app":         req.App,
			"fly.wait":        string(what),
			"fly.duration_ms": time.Since(began).Milliseconds(),
		}
		if err != nil {
			fields["error"] = oneLine(err)
		}
		tflog.Trace(l.logging(ctx), "waited for a Fly app token", fields)
	}
}

// logging returns ctx, or the run's own if ctx has ended: a shared acquisition
// may outlive the request that began it.
func (l *runLog) logging(ctx context.Context) context.Context {
	if requestOver(ctx) {
		return l.ctx
	}
	return ctx
}

func (l *runLog) count(a *token.Acquisition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.all++
	l.counts.sources[a.Resolution.Source]++
	if a.Resolution.Acquirer == token.AcquirerFacade {
		l.counts.facade++
	} else {
		l.counts.group++
	}
	if a.Coalesced {
		l.counts.coalesced++
	}
	if a.Err != nil {
		l.counts.failed++
	}
}

// end logs the summary of the run.
func (l *runLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	fields := map[string]any{
		"fly.run.resolutions": l.counts.all,
		"fly.run.facade":      l.counts.facade,
		"fly.run.group":       l.counts.group,
		"fly.run.coalesced":   l.counts.coalesced,
		"fly.run.failed":      l.counts.failed,
	}
	if l.counts.all > 0 {
		fields["fly.run.facade_ratio"] = float64(l.counts.facade) / float64(l.counts.all)
	}
	for name, n := range l.counts.sources {
		fields["fly.run.source."+string(name)] = n
	}
	tflog.Info(l.ctx, "the Fly app tokens of this run", fields)
}

// oneLine returns an error's text without the line breaks that a log would
// escape.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
