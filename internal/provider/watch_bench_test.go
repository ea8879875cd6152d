package provider

import (
	"context"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/collector"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/telemetry"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// oneLogin is a source with one token.
type oneLogin struct{ token token.Token }

func (oneLogin) Name() token.SourceName { return token.SourceConfig }

func (oneLogin) Timeout() time.Duration { return time.Second }

func (l oneLogin) Acquire(context.Context, token.Request) (token.Candidate, error) {
	return token.Candidate{Record: token.Record{Token: l.token}}, nil
}

// BenchmarkReadCached is a cached read as a data source makes it, with the observers
// of a run.
func BenchmarkReadCached(b *testing.B) {
	tok, err := token.Parse(fakefly.Token{Seed: "bench"}.Text())
	if err != nil {
		b.Fatal(err)
	}
	receiver := collector.New(b)
	for name, variables := range map[string]map[string]string{
		"telemetry=off": {},
		"telemetry=on":  {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.URL()},
	} {
		b.Run(name, func(b *testing.B) {
			tracing := telemetry.Start(b.Context(), telemetry.Options{
				Getenv: func(name string) string { return variables[name] }, Version: "bench",
				Warn: func(string, error) {}, // spans that come faster than they are sent are dropped
			})
			defer tracing.Stop(context.WithoutCancel(b.Context()))
			r := token.New(token.Options{
				Sources:  []token.Source{oneLogin{tok}},
				Observer: &watch{log: newRunLog(b.Context(), false), tracing: tracing},
			})
			req := token.Request{App: "web", Organization: "acme"}
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Read(ctx, req, token.PolicyIfRejected); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
