package telemetry

import (
	"context"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// BenchmarkAcquire is the span of one answer from the cache, with its way to an
// exporter that drops it.
func BenchmarkAcquire(b *testing.B) {
	tok, err := token.Parse(fakefly.Token{Seed: "one"}.Text())
	if err != nil {
		b.Fatal(err)
	}
	said := &complaints{}
	tr := start(b.Context(), said.options(nil), &sink{export: func(context.Context) error { return nil }})
	req := token.Request{App: "web", Organization: "acme"}
	acquired := token.Acquisition{Resolution: token.Resolution{
		Record: token.Record{Token: tok, Origin: token.SourceCLI, ExpiresAt: time.Now().Add(time.Hour)},
		Source: token.SourceCache, Acquirer: token.AcquirerFacade,
	}}
	b.ReportAllocs()
	for b.Loop() {
		_, ended := tr.Acquire(b.Context(), req, token.PolicyIfRejected)
		ended(acquired)
	}
	if err := tr.provider.Shutdown(b.Context()); err != nil {
		b.Fatal(err)
	}
}
