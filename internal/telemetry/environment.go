package telemetry

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// generalPrefix is the prefix of the exporter's variables for all signals.
const generalPrefix = "OTEL_EXPORTER_OTLP_"

// The variables of the batches. OpenTelemetry accepts any number for them, and
// with some numbers panics, runs out of memory or spins.
const (
	delayVariable = "OTEL_BSP_SCHEDULE_DELAY"
	queueVariable = "OTEL_BSP_MAX_QUEUE_SIZE"
	batchVariable = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"

	// maxDelay is in milliseconds. Few runs take an hour.
	maxDelay = 3_600_000
	// maxSpans is the maximum size of a queue or a batch, in spans.
	maxSpans = 1 << 20
)

// quiet keeps OpenTelemetry from printing, because it quotes variables that it
// does not understand, which may hold keys and passwords. Errors that it does
// not return go to warn. Its log is dropped.
func quiet(warn func(message string, err error)) {
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		warn("the traces do not follow the environment's settings", plain(err))
	}))
}

// ofTraces returns the exporter's variable with this suffix that applies to
// traces, and its value.
func ofTraces(getenv func(string) string, ending string) (name, value string) {
	name = generalPrefix + "TRACES_" + ending
	if value = strings.TrimSpace(getenv(name)); value != "" {
		return name, value
	}
	name = generalPrefix + ending
	return name, strings.TrimSpace(getenv(name))
}

func batches(o Options) []sdktrace.BatchSpanProcessorOption {
	delay := o.number(delayVariable, int(batchDelay.Milliseconds()), maxDelay)
	queue := o.number(queueVariable, sdktrace.DefaultMaxQueueSize, maxSpans)
	batch := o.number(batchVariable, sdktrace.DefaultMaxExportBatchSize, maxSpans)
	return []sdktrace.BatchSpanProcessorOption{
		sdktrace.WithBatchTimeout(time.Duration(delay) * time.Millisecond),
		sdktrace.WithMaxQueueSize(queue),
		sdktrace.WithMaxExportBatchSize(min(batch, queue)),
	}
}

// number returns the number in a variable, from 1 to most, or the given
// default.
func (o Options) number(name string, otherwise, most int) int {
	text := strings.TrimSpace(o.Getenv(name))
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		o.Warn("the traces do not follow the environment's settings",
			errors.New(name+" is not a number from 1 to "+strconv.Itoa(most)+": "+strconv.Itoa(otherwise)+" is used instead"))
		return otherwise
	}
	return n
}
