// Package collector is an OpenTelemetry collector for tests: it receives traces
// over OTLP on loopback, as http/protobuf, and keeps them.
package collector

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	tracing "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a received span.
type Span struct {
	Name string
	// Trace, ID and Parent are in hex; Parent is "" for a span without one.
	Trace, ID, Parent string
	// Attributes are the span's, with their values as text.
	Attributes map[string]string
	// Exceptions are the messages of the recorded exceptions.
	Exceptions []string
	// Failed means that its status is an error.
	Failed bool
	// Service is the service.name of the process that sent it.
	Service string
}

// Collector is a collector. It fails its test if a request does not come from
// an exporter of traces.
type Collector struct {
	tb     testing.TB
	server *httptest.Server

	mu    sync.Mutex
	spans []Span
	raw   bytes.Buffer
}

// New starts a collector that ends with the test.
func New(tb testing.TB) *Collector {
	tb.Helper()
	c := &Collector{tb: tb}
	c.server = httptest.NewServer(http.HandlerFunc(c.receive))
	tb.Cleanup(c.server.Close)
	return c
}

// URL is the collector's address, without /v1/traces.
func (c *Collector) URL() string { return c.server.URL }

// Env returns the variables that configure an exporter for the collector.
func (c *Collector) Env() []string {
	return []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=" + c.server.URL}
}

// Spans returns the spans that were received so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

// Raw returns everything that was received so far, headers included, as it came.
func (c *Collector) Raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

// receive takes one request of an exporter.
func (c *Collector) receive(w http.ResponseWriter, r *http.Request) {
	if err := c.take(r); err != nil {
		c.tb.Errorf("collector: %s %s: %v", r.Method, r.URL.Path, err)
		http.Error(w, "not an export", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (c *Collector) take(r *http.Request) error {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" {
		return fmt.Errorf("want POST /v1/traces")
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/x-protobuf" {
		return fmt.Errorf("the content type is %q", kind)
	}
	body, err := read(r)
	if err != nil {
		return err
	}
	var export tracing.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &export); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = r.Header.Write(&c.raw)
	c.raw.Write(body)
	for _, from := range export.GetResourceSpans() {
		service := texts(from.GetResource().GetAttributes())["service.name"]
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, span(s, service))
			}
		}
	}
	return nil
}

// read returns the body of a request, inflated.
func read(r *http.Request) ([]byte, error) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		inflated, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = inflated
	}
	return io.ReadAll(body)
}

func span(s *trace.Span, service string) Span {
	out := Span{
		Name:  s.GetName(),
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Attributes: texts(s.GetAttributes()),
		Failed:     s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR,
		Service:    service,
	}
	for _, e := range s.GetEvents() {
		if e.GetName() == "exception" {
			out.Exceptions = append(out.Exceptions, texts(e.GetAttributes())["exception.message"])
		}
	}
	return out
}

// texts returns attributes as texts: lists are joined by spaces.
func texts(attributes []*common.KeyValue) map[string]string {
	out := make(map[string]string, len(attributes))
	for _, a := range attributes {
		out[a.GetKey()] = text(a.GetValue())
	}
	return out
}

func text(v *common.AnyValue) string {
	switch held := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return held.StringValue
	case *common.AnyValue_BoolValue:
		return fmt.Sprint(held.BoolValue)
	case *common.AnyValue_IntValue:
		return fmt.Sprint(held.IntValue)
	case *common.AnyValue_ArrayValue:
		joined := ""
		for i, item := range held.ArrayValue.GetValues() {
			if i > 0 {
				joined += " "
			}
			joined += text(item)
		}
		return joined
	default:
		return v.String()
	}
}
