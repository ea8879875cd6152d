package provider

import (
	"context"

	"github.com/flytokens/terraform-provider-fly/internal/telemetry"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// watch reports a run to the log and to the traces.
type watch struct {
	log *runLog
	// tracing is nil if the environment asks for none. It then does nothing.
	tracing *telemetry.Tracing
}

var _ token.Observer = (*watch)(nil)

// Cached reports an answer from the cache to both.
func (w *watch) Cached(ctx context.Context, req token.Request, policy token.Policy, a token.Acquisition) {
	w.log.Cached(ctx, req, policy, a)
	w.tracing.Cached(ctx, req, policy, a)
}

// Acquire reports one Read or Refresh to both.
func (w *watch) Acquire(ctx context.Context, req token.Request, policy token.Policy) (context.Context, func(token.Acquisition)) {
	ctx, logged := w.log.Acquire(ctx, req, policy)
	ctx, traced := w.tracing.Acquire(ctx, req, policy)
	return ctx, both(logged, traced)
}

// Link reports a source that is asked to both.
func (w *watch) Link(ctx context.Context, req token.Request, name token.SourceName) (context.Context, func(token.Visit)) {
	ctx, logged := w.log.Link(ctx, req, name)
	ctx, traced := w.tracing.Link(ctx, req, name)
	return ctx, both(logged, traced)
}

// Wait reports a wait to both.
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
