package provider

import (
	"context"

	"github.com/flytokens/terraform-provider-fly/internal/telemetry"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// watch is told what one run does: for the log, and for the traces.
type watch struct {
	log *runLog
	// tracing is nil where the environment asks for none, and does nothing then.
	tracing *telemetry.Tracing
}

var _ token.Observer = (*watch)(nil)

// Cached reports to both an answer from the cache.
func (w *watch) Cached(ctx context.Context, req token.Request, policy token.Policy, a token.Acquisition) {
	w.log.Cached(ctx, req, policy, a)
	w.tracing.Cached(ctx, req, policy, a)
}

// Acquire reports to both one Read or Refresh.
func (w *watch) Acquire(ctx context.Context, req token.Request, policy token.Policy) (context.Context, func(token.Acquisition)) {
	ctx, logged := w.log.Acquire(ctx, req, policy)
	ctx, traced := w.tracing.Acquire(ctx, req, policy)
	return ctx, both(logged, traced)
}

// Link tells both of a link's turn.
func (w *watch) Link(ctx context.Context, req token.Request, name token.SourceName) (context.Context, func(token.Visit)) {
	ctx, logged := w.log.Link(ctx, req, name)
	ctx, traced := w.tracing.Link(ctx, req, name)
	return ctx, both(logged, traced)
}

// Wait tells both of a wait.
func (w *watch) Wait(ctx context.Context, req token.Request, what token.Wait) (context.Context, func(error)) {
	ctx, logged := w.log.Wait(ctx, req, what)
	ctx, traced := w.tracing.Wait(ctx, req, what)
	return ctx, both(logged, traced)
}

func both[T any](first, second func(T)) func(T) {
	return func(v T) {
		first(v)
		second(v)
	}
}
