package telemetry

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A collector that failed at first is not used again. One that failed later is.
func TestExporterGivesUp(t *testing.T) {
	t.Parallel()
	bad := errors.New("failed to send to http://127.0.0.1/v1/traces: 401 Unauthorized (body: your key k-123 is unknown)")
	for name, test := range map[string]struct {
		outcomes []error
		exports  int64
		said     int
	}{
		"at first": {[]error{bad, nil, nil}, 1, 1},
		"later":    {[]error{nil, bad, nil}, 3, 1},
		"never":    {[]error{nil, nil}, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, to := &complaints{}, &sink{}
			e := &exporter{SpanExporter: to, warn: said.options(nil).Warn}
			for _, outcome := range test.outcomes {
				to.export = func(context.Context) error { return outcome }
				if err := e.ExportSpans(t.Context(), nil); err != nil {
					t.Errorf("ExportSpans: %v", err)
				}
			}
			if got := to.exports.Load(); got != test.exports || len(said.all()) != test.said {
				t.Errorf("%d exports, want %d; said %q", got, test.exports, said.all())
			}
			for _, line := range said.all() {
				if strings.Contains(line, "k-123") || !strings.Contains(line, "401 Unauthorized") {
					t.Errorf("it says %q", line)
				}
			}
		})
	}
}

// A collector that accepts a part of an export is used for the next one.
func TestExporterPartialSuccess(t *testing.T) {
	t.Parallel()
	said, to := &complaints{}, &sink{}
	e := &exporter{SpanExporter: to, warn: said.options(nil).Warn}
	outcomes := []error{errors.New("traces export: OTLP partial success: no quota for key k-123 (3 spans rejected)"), nil}
	for _, outcome := range outcomes {
		to.export = func(context.Context) error { return outcome }
		if err := e.ExportSpans(t.Context(), nil); err != nil {
			t.Errorf("ExportSpans: %v", err)
		}
	}
	want := []string{"spans were not sent: traces export: the collector rejected some of them"}
	if diff := cmp.Diff(want, said.all()); diff != "" || to.exports.Load() != 2 {
		t.Errorf("%d exports; said (-want +got):\n%s", to.exports.Load(), diff)
	}
}

// Spans that were dropped because of a slow collector are reported.
func TestExporterDrops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		said := &complaints{}
		to := &sink{export: func(context.Context) error { time.Sleep(flushTime / 4); return nil }}
		tr := start(t.Context(), said.options(map[string]string{queueVariable: "1"}), to)
		for range 4 { // one on its way, one in the queue
			span(tr)
			synctest.Wait()
		}
		tr.Stop(t.Context())
		want := []string{"spans were dropped: 2 of 4: the collector accepted them more slowly than they were made"}
		if diff := cmp.Diff(want, said.all()); diff != "" || to.exports.Load() != 2 {
			t.Errorf("%d exports; said (-want +got):\n%s", to.exports.Load(), diff)
		}
	})
}

// A collector's messages are not quoted.
func TestPlain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ err, want string }{
		"a refusal":   {"failed to send to http://c/v1/traces: 401 Unauthorized (body: the key is k-123)", "failed to send to http://c/v1/traces: 401 Unauthorized"},
		"a part":      {"traces export: OTLP partial success: k-123 (3 spans rejected)", "traces export: the collector rejected some of them"},
		"no OTLP":     {`traces export: proto: syntax error (line 1:1): unexpected token "k-123"`, "traces export: the collector's answer is not OTLP"},
		"a user":      {`Post "http://me:***@c/v1/traces": EOF`, `Post "http://c/v1/traces": EOF`},
		"no answer":   {"dial tcp 127.0.0.1:4318: connect: connection refused", "dial tcp 127.0.0.1:4318: connect: connection refused"},
		"all of them": {"OTLP partial success: proto: k-123 body: k-123", "the collector rejected some of them"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := plain(errors.New(test.err)).Error(); got != test.want {
				t.Errorf("it says %q, want %q", got, test.want)
			}
		})
	}
}
