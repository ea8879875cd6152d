package telemetry

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// Whoever failed first is not asked again; whoever failed later is.
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
