// Package telemetry turns the provider's events into OpenTelemetry spans, and sends
// them to the collector that the environment names. It is the only package that
// imports OpenTelemetry. Without a collector it costs nothing.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const (
	// scope names the instrumentation in exports.
	scope = "github.com/flytokens/terraform-provider-fly"
	// serviceName is the service.name if OTEL_SERVICE_NAME sets none.
	serviceName = "terraform-provider-fly"
	// defaultEndpoint is that of OpenTelemetry's specification. The library's
	// own default differs: it uses TLS.
	defaultEndpoint = "http://localhost:4318/v1/traces"
	// flushTime bounds the wait for the last spans at the end of a run. Engines
	// wait for each provider process to exit. A collector may cost a run 300
	// ms, and the process needs the rest of them to end.
	flushTime = 200 * time.Millisecond
	// batchDelay is how long spans are collected before an export. The SDK's 5
	// s is longer than most runs, and opening the connection early halves the
	// time of the last flush.
	batchDelay = 250 * time.Millisecond
)

// Options configure the tracing.
type Options struct {
	// Getenv returns a variable of the environment, "" where it is unset.
	// OpenTelemetry itself reads the variables of the resource, the sampler and
	// the protocol from the process's environment.
	Getenv func(name string) string
	// Version is the provider's version.
	Version string
	// Warn receives the reason when traces, or some of them, are not sent. Any
	// goroutine may call it. The error holds no secret.
	Warn func(message string, err error)
}

// Tracing makes spans. A nil Tracing makes none.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	exporter *exporter
	parent   trace.SpanContext
	warn     func(message string, err error)
	// used is set after the first span.
	used atomic.Bool
}

// Start returns the tracing that the environment asks for, or nil. If
// OTEL_TRACES_EXPORTER is otlp, or is unset and a collector's address is set,
// spans are sent over HTTP as OTEL_EXPORTER_OTLP_* configures. Their parent is
// TRACEPARENT. Invalid settings are reported to [Options.Warn] and ignored.
func Start(ctx context.Context, o Options) *Tracing {
	wanted, err := wanted(o.Getenv)
	if err != nil {
		o.Warn("no traces are sent", err)
	}
	if !wanted {
		return nil
	}
	quiet(o.Warn)
	sender, err := newSender(ctx, o)
	if err != nil {
		o.Warn("no traces are sent", err)
		return nil
	}
	return start(ctx, o, sender)
}

// start is [Start] with the exporter given.
func start(ctx context.Context, o Options, sender sdktrace.SpanExporter) *Tracing {
	to := &exporter{SpanExporter: sender, warn: o.Warn}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(to, batches(o)...),
		sdktrace.WithSpanProcessor(spanCounter{to}),
		sdktrace.WithResource(describe(ctx, o)),
	)
	return &Tracing{
		provider: provider,
		tracer:   provider.Tracer(scope, trace.WithInstrumentationVersion(o.Version)),
		exporter: to,
		parent:   parent(o),
		warn:     o.Warn,
	}
}

// wanted reports whether the environment asks for traces. The error names an
// unsupported setting.
func wanted(getenv func(string) string) (bool, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch name := strings.ToLower(strings.TrimSpace(getenv("OTEL_TRACES_EXPORTER"))); name {
	case "otlp":
	case "none":
		return false, nil
	case "":
		// OpenTelemetry's default exporter is otlp, and its default collector on
		// this machine. A provider sends nothing unless the user names a collector.
		if _, address := ofTraces(getenv, "ENDPOINT"); address == "" {
			return false, nil
		}
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: the provider supports otlp and none", name)
	}
	switch _, protocol := ofTraces(getenv, "PROTOCOL"); strings.ToLower(protocol) {
	case "", "http/protobuf", "http/json":
		return true, nil
	default:
		return false, fmt.Errorf("the OTLP protocol is %q: the provider supports http/protobuf; "+
			"set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL to that, and the endpoint to the collector's HTTP port", protocol)
	}
}

// describe returns the spans' description of the process. OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES take precedence.
func describe(ctx context.Context, o Options) *resource.Resource {
	res, err := resource.New(
		ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", serviceName),
			attribute.String("service.version", o.Version),
		),
		resource.WithFromEnv(),
	)
	if err != nil {
		o.Warn("the resource of the traces is not complete", err)
	}
	return res
}

// parent returns the span that TRACEPARENT and TRACESTATE name, as in W3C Trace
// Context.
func parent(o Options) trace.SpanContext {
	text := o.Getenv("TRACEPARENT")
	carrier := propagation.MapCarrier{"traceparent": text, "tracestate": o.Getenv("TRACESTATE")}
	span := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
	if text != "" && !span.IsValid() {
		o.Warn("the traces have no parent", errors.New("TRACEPARENT is not a W3C traceparent"))
	}
	return span
}

// Stop sends the remaining spans and waits at most 200 ms. It does not wait if
// there was no span, or if the collector could not be reached before. No spans
// may follow.
func (t *Tracing) Stop(ctx context.Context) {
	if t == nil || !t.used.Load() || t.exporter.dead.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.warn("the last spans were not sent", fmt.Errorf("the collector did not accept them within %s: %w", flushTime, err))
	}
	if all, taken := t.exporter.ended.Load(), t.exporter.taken.Load(); taken < all {
		t.warn("spans were dropped", fmt.Errorf("%d of %d: the collector accepted them more slowly than they were made", all-taken, all))
	}
}

// begin starts a span below the one in ctx, or below TRACEPARENT's; one that records
// nothing without t.
func (t *Tracing) begin(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	if t == nil {
		return ctx, noop.Span{}
	}
	t.used.Store(true)
	return t.tracer.Start(t.within(ctx), name, trace.WithAttributes(attributes...))
}

func (t *Tracing) within(ctx context.Context) context.Context {
	if trace.SpanContextFromContext(ctx).IsValid() || !t.parent.IsValid() {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, t.parent)
}

func fail(span trace.Span, err error) {
	span.RecordError(err)
	span.SetStatus(codes.Error, err.Error())
}
