package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"

	"github.com/flytokens/terraform-provider-fly/internal/scrub"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ token.Observer = (*Tracing)(nil)

// Cached makes the span fly.token.acquire for an answer from the cache.
func (t *Tracing) Cached(ctx context.Context, req token.Request, policy token.Policy, a token.Acquisition) {
	_, ended := t.Acquire(ctx, req, policy)
	ended(a)
}

// Acquire makes the span fly.token.acquire.
func (t *Tracing) Acquire(ctx context.Context, req token.Request, policy token.Policy) (context.Context, func(token.Acquisition)) {
	if t == nil {
		return ctx, func(token.Acquisition) {}
	}
	attributes := make([]attribute.KeyValue, 0, 4)
	attributes = append(attributes, attribute.String("fly.app", req.App))
	if req.Organization != "" {
		attributes = append(attributes, attribute.String("fly.organization", req.Organization))
	}
	if req.Access != token.AccessAny {
		attributes = append(attributes, attribute.String("fly.token.access", string(req.Access)))
	}
	if policy != "" {
		attributes = append(attributes, attribute.String("fly.token.refresh", string(policy)))
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

// Link makes the span fly.token.link. A miss is not an error, because the next
// source follows.
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

// Wait makes the span fly.token.slot, fly.token.lock or fly.token.mint.
func (t *Tracing) Wait(ctx context.Context, req token.Request, what token.Wait) (context.Context, func(error)) {
	ctx, span := t.begin(ctx, "fly.token."+string(what), attribute.String("fly.app", req.App))
	return ctx, func(err error) {
		if err != nil {
			fail(span, err)
		}
		span.End()
	}
}

// Command starts the span fly.cli.run for one run of flyctl. Its attributes follow
// OpenTelemetry's conventions for programs that are called. The returned function
// ends the span with the exit status, or with the reason why there is none.
func (t *Tracing) Command(ctx context.Context, program string, args []string) (context.Context, func(status int, err error)) {
	name := filepath.Base(program)
	ctx, span := t.begin(ctx, "fly.cli.run",
		attribute.String("process.executable.name", name),
		attribute.StringSlice("process.command_args", append([]string{name}, args...)))
	return ctx, func(status int, err error) {
		if err != nil {
			fail(span, err)
			span.End()
			return
		}
		span.SetAttributes(attribute.Int("process.exit.code", status))
		if status != 0 {
			span.SetAttributes(attribute.String("error.type", strconv.Itoa(status)))
			span.SetStatus(codes.Error, fmt.Sprintf("exit status %d", status))
		}
		span.End()
	}
}

// Transport returns base with a span of the given name for each request. It
// does not change the requests.
func (t *Tracing) Transport(base http.RoundTripper, name func(*http.Request) string) http.RoundTripper {
	if t == nil {
		return base
	}
	return &transport{t, otelhttp.NewTransport(plainly{base},
		otelhttp.WithTracerProvider(t.provider),
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return name(r) }),
	)}
}

// transport gives requests outside of any span the run's parent.
type transport struct {
	tracing *Tracing
	http.RoundTripper
}

// RoundTrip sends a request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.tracing.used.Store(true)
	resp, err := t.RoundTripper.RoundTrip(r.WithContext(t.tracing.within(r.Context())))
	var plain *plainError
	if errors.As(err, &plain) {
		return resp, plain.error
	}
	return resp, err
}

// plainly removes secrets from errors before they reach a span, because
// net/http quotes an answer that is not HTTP.
type plainly struct{ http.RoundTripper }

// RoundTrip sends a request.
func (p plainly) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := p.RoundTripper.RoundTrip(r)
	if err != nil {
		return resp, &plainError{err}
	}
	return resp, nil
}

// plainError is an error whose text has no parts that look like a secret.
type plainError struct{ error }

// Error is the text.
func (e *plainError) Error() string { return scrub.Text(e.error.Error(), "") }

// ErrorType is the type of the original error, for the attribute error.type.
func (e *plainError) ErrorType() string { return fmt.Sprintf("%T", e.error) }

// Unwrap returns the original error.
func (e *plainError) Unwrap() error { return e.error }
