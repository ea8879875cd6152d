package telemetry

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/flytokens/terraform-provider-fly/internal/scrub"
)

// exporter gives up when the first export fails, so that the end of a run does
// not wait for an unreachable collector.
type exporter struct {
	sdktrace.SpanExporter
	warn func(message string, err error)
	// alive is set after a successful export, dead if the first one failed.
	alive, dead atomic.Bool
	// ended counts the spans to export, taken those that reached the exporter.
	ended, taken atomic.Int64
}

// spanCounter counts the spans that end, because the SDK silently drops those for
// which its queue has no room.
type spanCounter struct{ to *exporter }

var _ sdktrace.SpanProcessor = spanCounter{}

// OnStart does nothing.
func (spanCounter) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd counts a span.
func (t spanCounter) OnEnd(s sdktrace.ReadOnlySpan) {
	if s.SpanContext().IsSampled() {
		t.to.ended.Add(1)
	}
}

// Shutdown does nothing, because the batches own the exporter.
func (spanCounter) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing.
func (spanCounter) ForceFlush(context.Context) error { return nil }

// ExportSpans sends spans. It reports a failure itself and returns nil, because the
// SDK would print an error.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.taken.Add(int64(len(spans)))
	if e.dead.Load() {
		return nil
	}
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		e.alive.Store(true)
		return nil
	}
	if e.alive.Load() || strings.Contains(err.Error(), partial) {
		e.alive.Store(true)
		e.warn("spans were not sent", plain(err))
		return nil
	}
	e.dead.Store(true)
	e.warn("no traces are sent in this run", plain(err))
	return nil
}

// partial is the prefix of the error of an export that a collector accepted in
// part.
const partial = "OTLP partial success"

// plain returns err without the collector's message, which may repeat the
// headers that authenticate to it.
func plain(err error) error {
	text, _, _ := strings.Cut(err.Error(), "body: ")
	if before, _, ok := strings.Cut(text, partial); ok {
		text = before + "the collector rejected some of them"
	}
	if before, _, ok := strings.Cut(text, "proto:"); ok {
		text = before + "the collector's answer is not OTLP"
	}
	return errors.New(scrub.Text(strings.TrimRight(text, " (:"), ""))
}
