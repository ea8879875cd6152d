package provider_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/collector"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// The span that the tests' runs are a part of.
const (
	runTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	runSpan  = "00f067aa0ba902b7"
)

// traced is a project that reads one app a hundred times, and one of a different
// organization once, with a flyctl that mints at s, and the variables given.
func traced(t *testing.T, s *flytest.Server, more ...string) (p *process, secrets map[string]string) {
	t.Helper()
	login := s.Login(ownerOfBoth)
	fly := fakefly.Install(t, fakefly.Behaviour{Online: true})
	env := append(at(s), "PATH="+fly.Dir(), "FLY_ORG=acme", "FLY_API_TOKEN="+login.Reveal())
	p = start(t, hundred("")+`
data "fly_app_token" "shop" {
  app          = "shop"
  organization = "globex"
}

output "each" {
  value     = { web = data.fly_app_token.web[0], shop = data.fly_app_token.shop }
  sensitive = true
}
`, append(env, more...)...)
	return p, map[string]string{"login": login.Reveal()}
}

// ours are the spans that the provider sent, because the engines also trace
// themselves.
func ours(c *collector.Collector) []collector.Span {
	return slices.DeleteFunc(c.Spans(), func(s collector.Span) bool { return s.Service != "terraform-provider-fly" })
}

// spanCounts counts the spans of a name by the attributes given.
func spanCounts(spans []collector.Span, name string, attributes ...string) map[string]int {
	counts := make(map[string]int)
	for _, s := range spans {
		if s.Name != name {
			continue
		}
		var values []string
		for _, a := range attributes {
			values = append(values, s.Attributes[a])
		}
		counts[strings.Join(values, " ")]++
	}
	return counts
}

func wantSpans(t *testing.T, spans []collector.Span, name string, attributes []string, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, spanCounts(spans, name, attributes...)); diff != "" {
		t.Errorf("spans %s by %v (-want +got):\n%s", name, attributes, diff)
	}
}

// The spans of a plan with many concurrent reads, and of the next plan, below
// the span that the environment names.
func TestAccProcessTraces(t *testing.T) {
	t.Parallel()
	s, c := flytest.New(t, flyWorld()), collector.New(t)
	p, secrets := traced(t, s, append(c.Env(), "TRACEPARENT=00-"+runTrace+"-"+runSpan+"-01")...)
	cold := p.run("apply", "-auto-approve")
	spans := ours(c)
	acquire := []string{"fly.app", "fly.token.acquirer", "fly.token.source", "fly.token.origin", "fly.token.coalesced"}
	got := spanCounts(spans, "fly.token.acquire", acquire...)
	waited, late := got["web group cli cli true"], got["web facade cache cli false"]
	delete(got, "web group cli cli true")
	delete(got, "web facade cache cli false")
	want := map[string]int{"web group cli cli false": 1, "shop group cli cli false": 1}
	if diff := cmp.Diff(want, got); diff != "" || waited+late != 99 || waited == 0 {
		t.Errorf("acquisitions: %d waited, %d came late; the others (-want +got):\n%s", waited, late, diff)
	}
	wantSpans(t, spans, "fly.token.link", []string{"fly.link.name", "fly.link.verdict"},
		map[string]int{"storage miss": 6, "config miss": 2, "cli hit": 2}) // storage for each app, and before and after the lock
	wantSpans(t, spans, "fly.cli.run", []string{"process.exit.code"}, map[string]int{"0": 2})
	wantSpans(t, spans, "fly.token.mint", nil, map[string]int{"": 2})
	wantSpans(t, spans, "fly.token.lock", nil, map[string]int{"": 2})
	wantSpans(t, spans, "fly.token.slot", nil, map[string]int{"": 2})
	wantParents(t, spans)

	warm := p.unchanged()
	next := ours(c)[len(spans):]
	wantSpans(t, next, "fly.token.link", []string{"fly.link.name", "fly.link.verdict"}, map[string]int{"storage hit": 2})
	wantSpans(t, next, "fly.api.check_token", []string{"http.response.status_code"}, map[string]int{"200": 2})
	wantParents(t, next)
	for app, a := range p.answers("each") {
		secrets[app] = a.Token
	}
	silent(t, secrets, cold, warm, outcome{output: c.Raw()})
	if n := strings.Count(warm.trace, "the Fly app tokens of this run"); n != 1 {
		t.Errorf("%d lines sum the run up", n)
	}
	for acquirer, n := range spanCounts(next, "fly.token.acquire", "fly.token.acquirer") {
		if !strings.Contains(warm.trace, fmt.Sprintf("fly.run.%s=%d", acquirer, n)) {
			t.Errorf("the summary of the second plan lacks the %d acquisitions of its spans by %s", n, acquirer)
		}
	}
}

// wantParents checks that the spans are one tree below the run's.
func wantParents(t *testing.T, spans []collector.Span) {
	t.Helper()
	byID := make(map[string]collector.Span)
	for _, s := range spans {
		byID[s.ID] = s
	}
	for _, s := range spans {
		want := map[string]string{
			"fly.token.link": "fly.token.acquire fly.token.mint", "fly.token.lock": "fly.token.mint", "fly.token.slot": "fly.token.mint",
			"fly.token.mint": "fly.token.acquire", "fly.cli.run": "fly.token.link",
			"fly.api.check_token": "fly.token.link", "fly.api.look_up_app": "fly.token.acquire",
		}[s.Name]
		if s.Trace != runTrace || !strings.Contains(want, byID[s.Parent].Name) || want == "" && s.Parent != runSpan {
			t.Errorf("%s is below %q (%s) in trace %s", s.Name, byID[s.Parent].Name, s.Parent, s.Trace)
		}
		if s.Failed {
			t.Errorf("%s failed", s.Name)
		}
	}
}

// The span has the same reason for a missing token as the error.
func TestAccProcessTraceOfAFailure(t *testing.T) {
	t.Parallel()
	c := collector.New(t)
	fly := fakefly.Install(t, fakefly.NetworkDown())
	p := start(t, readWeb(`sources = ["cli"]`), append(flyEnv(fly), c.Env()...)...)
	got := p.try("plan")
	var failed []collector.Span
	for _, s := range ours(c) {
		if s.Name == "fly.token.acquire" {
			failed = append(failed, s)
		}
	}
	if !got.failed || len(failed) != 1 || !failed[0].Failed || failed[0].Parent != "" {
		t.Fatalf("the plan failed: %t, with the spans %+v", got.failed, failed)
	}
	if text := strings.Join(failed[0].Exceptions, "\n"); !strings.Contains(text, "cli: ") || !strings.Contains(text, "check the network") {
		t.Errorf("the exception says: %s", text)
	}
	silent(t, map[string]string{"login": macaroonFor("login")}, got, outcome{output: c.Raw()})
}

// A process without a run has nothing to trace. If it only returns the schema,
// or validates, tracing does not start.
func TestAccProcessUnconfiguredTracesNothing(t *testing.T) {
	t.Parallel()
	const said = "the provider supports otlp and none" // as soon as tracing starts
	fly := fakefly.Install(t, fakefly.Behaviour{})
	p := start(t, readWeb(`sources = ["cli"]`), append(flyEnv(fly), "OTEL_TRACES_EXPORTER=zipkin")...)
	for _, args := range [][]string{{"validate"}, {"providers", "schema", "-json"}} {
		if got := p.run(args...); strings.Contains(got.trace, said) {
			t.Errorf("%s starts tracing", args[0])
		}
	}
	if got := p.run("plan"); !strings.Contains(got.trace, said) {
		t.Error("a plan does not")
	}
}

// A collector that is missing, does not answer or answers nonsense does not
// affect the plan. The benchmark measures the time. The engines read only
// OTEL_TRACES_EXPORTER, and wait for such a collector themselves.
func TestAccProcessNoCollector(t *testing.T) {
	t.Parallel()
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(over) })
	for name, test := range map[string]struct {
		env  []string
		said string
	}{
		"down":   {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + down}, "no traces are sent in this run"},
		"hangs":  {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + hanging.URL}, "the last spans were not sent"},
		"grpc":   {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + down, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, "supports http/protobuf"},
		"other":  {[]string{"OTEL_TRACES_EXPORTER=zipkin"}, "the provider supports otlp and none"},
		"key":    {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + down, "OTEL_EXPORTER_OTLP_HEADERS=x-key: OTEL-k-123==,OTEL-k-123,x=OTEL-k-123%zz"}, "the collector is not sent all headers"},
		"host":   {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=user:OTEL-k-123@127.0.0.1"}, "is not the address of a collector"},
		"queue":  {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + down, "OTEL_BSP_MAX_QUEUE_SIZE=-1"}, "OTEL_BSP_MAX_QUEUE_SIZE is not a number"},
		"batch":  {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + down, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=-1"}, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is not a number"},
		"choice": {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + down, "OTEL_TRACES_SAMPLER=some"}, "unsupported sampler: some"},
		"parent": {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + down, "TRACEPARENT=mine"}, "not a W3C traceparent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, fakefly.Behaviour{})
			p := start(t, readWeb(`sources = ["cli"]`), append(flyEnv(fly), test.env...)...)
			got := p.run("plan")
			if strings.Contains(got.output, "OTEL") || strings.Contains(got.output, "TRACEPARENT") {
				t.Errorf("the plan says:\n%s", got.output)
			}
			if strings.Contains(got.trace, "OTEL-k-123") {
				t.Error("a key is in the log")
			}
			if n := strings.Count(got.trace, test.said); n != 1 {
				t.Errorf("the log says %q %d times", test.said, n)
			}
		})
	}
}

// Log lines that the engine drops are not written.
func TestAccProcessLogLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]struct{ summary, resolved, asked bool }{
		"":      {},
		"INFO":  {summary: true},
		"DEBUG": {summary: true, resolved: true},
		"TRACE": {summary: true, resolved: true, asked: true},
	} {
		t.Run("TF_LOG="+level, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, fakefly.Behaviour{})
			p := start(t, readWeb(`sources = ["cli"]`), flyEnv(fly)...)
			cmd := p.command("plan")
			cmd.Env = append(cmd.Env, "TF_LOG="+level)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			text := string(out)
			got := struct{ summary, resolved, asked bool }{
				strings.Contains(text, "the Fly app tokens of this run"),
				strings.Contains(text, "resolved a Fly app token"),
				strings.Contains(text, "asked a source of Fly app tokens"),
			}
			if got != want {
				t.Errorf("logged %+v, want %+v", got, want)
			}
			if traces := strings.Contains(text, "Received request"); traces != (level == "TRACE") {
				t.Errorf("the SDK's own trace is there: %t", traces)
			}
		})
	}
}
