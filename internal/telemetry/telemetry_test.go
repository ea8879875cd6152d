package telemetry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/collector"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// The parent of all spans in the tests.
const (
	parentTrace = "0af7651916cd43dd8448eb211c80319c"
	parentSpan  = "b7ad6b7169203331"
)

// complaints are the warnings to [Options.Warn].
type complaints struct {
	mu    sync.Mutex
	lines []string
}

func (c *complaints) add(message string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, message+": "+err.Error())
}

// all returns the warnings so far.
func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.lines)
}

func (c *complaints) options(env map[string]string) Options {
	return Options{
		Getenv:  func(name string) string { return env[name] },
		Version: "1.2.3",
		Warn:    c.add,
	}
}

// tracing returns one that sends to a collector, below a parent.
func tracing(t *testing.T) (*Tracing, *collector.Collector) {
	t.Helper()
	c := collector.New(t)
	sender, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(c.URL()+"/v1/traces"))
	if err != nil {
		t.Fatal(err)
	}
	said := &complaints{}
	t.Cleanup(func() {
		if lines := said.all(); len(lines) > 0 {
			t.Errorf("warned of %q", lines)
		}
	})
	return start(t.Context(), said.options(map[string]string{"TRACEPARENT": "00-" + parentTrace + "-" + parentSpan + "-01"}), sender), c
}

// The settings that turn traces on, and the warnings about invalid ones.
func TestWanted(t *testing.T) {
	t.Parallel()
	const endpoint = "http://127.0.0.1:4318"
	for name, test := range map[string]struct {
		env  map[string]string
		want bool
		said string
	}{
		"nothing":             {},
		"otlp":                {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"none":                {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, false, ""},
		"disabled":            {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, false, ""},
		"disabled loudly":     {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "TRUE"}, false, ""},
		"an address alone":    {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, true, ""},
		"that of traces":      {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint}, true, ""},
		"console":             {map[string]string{"OTEL_TRACES_EXPORTER": "console"}, false, "supports otlp and none"},
		"grpc":                {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, "supports http/protobuf"},
		"grpc but not here":   {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, true, ""},
		"blanks":              {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, false, ""},
		"no address":          {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "127.0.0.1:4318"}, false, "OTEL_EXPORTER_OTLP_ENDPOINT is not the address"},
		"a host alone":        {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "localhost:4318"}, false, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is not the address"},
		"not for traces":      {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint}, true, ""},
		"grpc, and no traces": {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := &complaints{}
			got := Start(t.Context(), said.options(test.env))
			if (got != nil) != test.want {
				t.Errorf("tracing is %v", got)
			}
			if all := strings.Join(said.all(), "\n"); !strings.Contains(all, test.said) || (test.said == "") != (all == "") {
				t.Errorf("warned of %q, want %q", all, test.said)
			}
			got.Stop(t.Context())
		})
	}
}

// The spans of an acquisition, and their attributes.
func TestAcquisitionSpans(t *testing.T) {
	t.Parallel()
	tr, c := tracing(t)
	tok, err := token.Parse(fakefly.Token{Seed: "one"}.Text())
	if err != nil {
		t.Fatal(err)
	}
	req := token.Request{App: "web", Access: token.AccessDeploy, Organization: "acme"}

	ctx, acquired := tr.Acquire(t.Context(), req, token.PolicyIfRejected)
	_, waited := tr.Wait(ctx, req, token.WaitLock)
	waited(nil)
	linked, visited := tr.Link(ctx, req, token.SourceCLI)
	_, ran := tr.Command(linked, "/usr/bin/fly", []string{"tokens", "create", "deploy"})
	ran(1, nil)
	visited(token.Visit{Verdict: token.VerdictMiss, Err: errors.New("none there")})
	acquired(token.Acquisition{Coalesced: true, Resolution: token.Resolution{
		Record: token.Record{Token: tok, Origin: token.SourceAPI}, Source: token.SourceStorage, Acquirer: token.AcquirerGroup,
	}})
	_, acquired = tr.Acquire(t.Context(), token.Request{App: "api"}, "")
	acquired(token.Acquisition{
		Resolution: token.Resolution{Source: token.SourceNone, Acquirer: token.AcquirerFacade}, Err: errors.New("no token for app"),
	})
	tr.Stop(t.Context())

	ids := wantSpans(t, c, map[string]map[string]string{
		"fly.token.acquire web": {
			"fly.app": "web", "fly.organization": "acme", "fly.token.access": "deploy", "fly.token.refresh": "if_rejected",
			"fly.token.source": "storage", "fly.token.origin": "api", "fly.token.acquirer": "group",
			"fly.token.coalesced": "true", "fly.token.stale": "false", "fly.token.fingerprint": tok.Fingerprint(),
		},
		"fly.token.acquire api": {
			"fly.app": "api", "fly.token.source": "none", "fly.token.acquirer": "facade", "fly.token.coalesced": "false",
		},
		"fly.token.lock web": {"fly.app": "web"},
		"fly.token.link web": {"fly.app": "web", "fly.link.name": "cli", "fly.link.verdict": "miss", "fly.link.reason": "none there"},
		"fly.cli.run ": {
			"process.executable.name": "fly", "process.command_args": "fly tokens create deploy",
			"process.exit.code": "1", "error.type": "1",
		},
	})
	for child, parent := range map[string]string{
		"fly.token.acquire web": parentSpan,
		"fly.token.acquire api": parentSpan,
		"fly.token.lock web":    ids["fly.token.acquire web"].ID,
		"fly.token.link web":    ids["fly.token.acquire web"].ID,
		"fly.cli.run ":          ids["fly.token.link web"].ID,
	} {
		if ids[child].Parent != parent {
			t.Errorf("the parent of %s is %s, want %s", child, ids[child].Parent, parent)
		}
	}
	for name, failed := range map[string]bool{"fly.token.acquire web": false, "fly.token.acquire api": true, "fly.cli.run ": true, "fly.token.link web": false} {
		if ids[name].Failed != failed {
			t.Errorf("%s failed: %t", name, ids[name].Failed)
		}
	}
	if diff := cmp.Diff([]string{"no token for app"}, ids["fly.token.acquire api"].Exceptions); diff != "" {
		t.Errorf("exceptions (-want +got):\n%s", diff)
	}
}

// wantSpans checks the attributes of the spans, by name and app, and returns them.
func wantSpans(t *testing.T, c *collector.Collector, want map[string]map[string]string) map[string]collector.Span {
	t.Helper()
	got, spans := map[string]map[string]string{}, map[string]collector.Span{}
	for _, s := range c.Spans() {
		key := s.Name + " " + s.Attributes["fly.app"]
		got[key], spans[key] = s.Attributes, s
		if s.Trace != parentTrace || s.Service != serviceName {
			t.Errorf("%s is of trace %s and service %s", s.Name, s.Trace, s.Service)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("spans (-want +got):\n%s", diff)
	}
	return spans
}

// sink is a test's exporter.
type sink struct {
	exports atomic.Int64
	export  func(ctx context.Context) error
}

func (s *sink) ExportSpans(ctx context.Context, _ []sdktrace.ReadOnlySpan) error {
	s.exports.Add(1)
	return s.export(ctx)
}

func (s *sink) Shutdown(context.Context) error { return nil }

// span makes one span.
func span(tr *Tracing) {
	_, ended := tr.Acquire(context.Background(), token.Request{App: "web"}, "")
	ended(token.Acquisition{})
}

// A hanging collector delays the end of a run only briefly. One that is down
// does not delay it, because it is not used again.
func TestStop(t *testing.T) {
	t.Parallel()
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	down := func(context.Context) error { return errors.New("traces export: connection refused") }
	for name, test := range map[string]struct {
		export  func(context.Context) error
		spans   int
		between time.Duration
		took    time.Duration
		exports int64
		said    string
	}{
		"no span":          {export: down},
		"down":             {down, 1, 0, 0, 1, "no traces are sent in this run: traces export: connection refused"},
		"down for a while": {down, 3, 2 * time.Second, 0, 1, "no traces are sent in this run: traces export: connection refused"},
		"hangs":            {hang, 1, 0, flushTime, 1, "the last spans were not sent: the collector did not accept them within 200ms: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				said, to := &complaints{}, &sink{export: test.export}
				tr := start(t.Context(), said.options(nil), to)
				for range test.spans {
					span(tr)
					time.Sleep(test.between)
				}
				began := time.Now()
				tr.Stop(t.Context())
				// The bubble's clock moves only while all goroutines wait, so
				// this is not a timing assertion.
				if took := time.Since(began); took != test.took {
					t.Errorf("it took %s, want %s", took, test.took)
				}
				if got := to.exports.Load(); got != test.exports {
					t.Errorf("%d exports, want %d", got, test.exports)
				}
				if got := strings.Join(said.all(), "\n"); got != test.said {
					t.Errorf("warned of %q, want %q", got, test.said)
				}
				// The SDK's own goroutines end with it, and give up in the end.
				_ = tr.provider.Shutdown(context.Background())
				time.Sleep(time.Hour)
			})
		})
	}
}
