package telemetry

import (
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A variable that would make OpenTelemetry panic or use all memory or a
// processor is reported and ignored.
func TestBatches(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env                 map[string]string
		delay, queue, batch int
		said                int
	}{
		"unset":     {nil, 250, 2048, 512, 0},
		"set":       {map[string]string{delayVariable: "1000", queueVariable: "4096", batchVariable: " 100 "}, 1000, 4096, 100, 0},
		"short":     {map[string]string{queueVariable: "10"}, 250, 10, 10, 0},
		"negative":  {map[string]string{delayVariable: "-1", queueVariable: "-4", batchVariable: "-1"}, 250, 2048, 512, 3},
		"zero":      {map[string]string{delayVariable: "0", queueVariable: "0", batchVariable: "0"}, 250, 2048, 512, 3},
		"huge":      {map[string]string{delayVariable: "99999999999", queueVariable: "999999999999", batchVariable: "999999999999"}, 250, 2048, 512, 3},
		"no number": {map[string]string{delayVariable: "1s", queueVariable: "many"}, 250, 2048, 512, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := &complaints{}
			var got sdktrace.BatchSpanProcessorOptions
			for _, set := range batches(said.options(test.env)) {
				set(&got)
			}
			if int(got.BatchTimeout.Milliseconds()) != test.delay || got.MaxQueueSize != test.queue || got.MaxExportBatchSize != test.batch {
				t.Errorf("batches are %+v", got)
			}
			if all := said.all(); len(all) != test.said {
				t.Errorf("warned of %q", all)
			}
		})
	}
}

// An error about malformed headers names the variable and quotes nothing.
func TestCollectorHeaders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		said string
	}{
		"unset":      {nil, ""},
		"two":        {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "x-key=k-123%20, x-team =a=b"}, ""},
		"no name":    {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "k-123"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		"empty name": {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "=k-123"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		"a colon":    {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-key: k-123=="}, "OTEL_EXPORTER_OTLP_TRACES_HEADERS"},
		"an escape":  {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "x-key=k-123%zz"}, "OTEL_EXPORTER_OTLP_HEADERS"},
		"overridden": {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "k-123", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "x-key=k-123"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := collectorHeaders(func(name string) string { return test.env[name] })
			switch {
			case (err != nil) != (test.said != ""):
				t.Errorf("collectorHeaders: %v", err)
			case err != nil && (!strings.HasPrefix(err.Error(), test.said+" ") || strings.Contains(err.Error(), "k-123")):
				t.Errorf("it says %q", err)
			}
		})
	}
}
