package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	metric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ token.Observer = (*Tracing)(nil)

// Acquire makes the span fly.token.acquire.
func (t *Tracing) Acquire(ctx context.Context, req token.Request, policy token.Policy) (context.Context, func(token.Acquisition)) {
	attributes := []attribute.KeyValue{attribute.String("fly.app", req.App)}
	for name, value := range map[string]string{
		"fly.organization":  req.Organization,
		"fly.token.access":  string(req.Access),
		"fly.token.refresh": string(policy),
	} {
		if value != "" {
			attributes = append(attributes, attribute.String(name, value))
		}
	}
	ctx, span := t.begin(ctx, "fly.token.acquire", attributes...)
	return ctx, func(a token.Acquisition) {
		span.SetAttributes(
			attribute.String("fly.token.source", string(a.Resolution.Source)),
			attribute.String("fly.token.acquirer", string(a.Resolution.Acquirer)),
			attribute.Bool("fly.token.coalesced", a.Coalesced),
		)
		if a.Err != nil {
			fail(span, a.Err)
		} else {
			span.SetAttributes(
				attribute.String("fly.token.origin", string(a.Resolution.Origin)),
				attribute.String("fly.token.fingerprint", a.Resolution.Token.Fingerprint()),
				attribute.Bool("fly.token.stale", a.Resolution.Stale),
			)
		}
		span.End()
	}
}

// Link makes the span fly.token.link. A miss is how a chain goes on, and no
// error.
func (t *Tracing) Link(ctx context.Context, req token.Request, name token.SourceName) (context.Context, func(token.Visit)) {
	ctx, span := t.begin(ctx, "fly.token.link",
		attribute.String("fly.app", req.App), attribute.String("fly.link.name", string(name)))
	return ctx, func(v token.Visit) {
		span.SetAttributes(attribute.String("fly.link.verdict", string(v.Verdict)))
		if v.Err != nil {
			span.SetAttributes(attribute.String("fly.link.reason", v.Err.Error()))
		}
		span.End()
	}
}

// Wait makes the span fly.token.slot or fly.token.lock.
func (t *Tracing) Wait(ctx context.Context, req token.Request, what token.Wait) (context.Context, func(error)) {
	ctx, span := t.begin(ctx, "fly.token."+string(what), attribute.String("fly.app", req.App))
	return ctx, func(err error) {
		if err != nil {
			fail(span, err)
		}
		span.End()
	}
}

// Command makes the span fly.cli.run of one run of flyctl with the arguments
// given, which is told the exit status, or why there is none.
func (t *Tracing) Command(ctx context.Context, args []string) (context.Context, func(status int, err error)) {
	ctx, span := t.begin(ctx, "fly.cli.run", attribute.StringSlice("process.command_args", args))
	return ctx, func(status int, err error) {
		switch {
		case err != nil:
			fail(span, err)
		case status != 0:
			span.SetStatus(codes.Error, fmt.Sprintf("exit status %d", status))
			fallthrough
		default:
			span.SetAttributes(attribute.Int("process.exit.code", status))
		}
		span.End()
	}
}

// Transport returns base with a span for each request, of the name given to it.
// Nothing is added to what is sent.
func (t *Tracing) Transport(base http.RoundTripper, name func(*http.Request) string) http.RoundTripper {
	return &transport{t, otelhttp.NewTransport(plainly{base},
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithMeterProvider(metric.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return name(r) }),
	)}
}

// transport gives requests outside of any span the parent of all.
type transport struct {
	tracing *Tracing
	http.RoundTripper
}

// RoundTrip sends a request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.tracing.used.Store(true)
	resp, err := t.RoundTripper.RoundTrip(r.WithContext(t.tracing.within(r.Context())))
	var told *plainError
	if errors.As(err, &told) {
		return resp, told.error
	}
	return resp, err
}

// plainly returns errors as they may stand in a span: net/http quotes an answer
// that is not HTTP.
type plainly struct{ http.RoundTripper }

// RoundTrip sends a request.
func (p plainly) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := p.RoundTripper.RoundTrip(r)
	if err != nil {
		return resp, &plainError{err}
	}
	return resp, nil
}

// plainError is an error without what looks like a secret in its text.
type plainError struct{ error }

// Error is the text.
func (e *plainError) Error() string { return token.Scrub(e.error.Error(), token.Token{}) }

// ErrorType is the type of the error as it was, for the attribute error.type.
func (e *plainError) ErrorType() string { return fmt.Sprintf("%T", e.error) }

// Unwrap returns the error as it was.
func (e *plainError) Unwrap() error { return e.error }
