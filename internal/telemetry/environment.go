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

// generalPrefix begins the exporter's variables for all signals.
const generalPrefix = "OTEL_EXPORTER_OTLP_"

// The variables of the batches, of each of which OpenTelemetry takes any number,
// and panics, runs out of memory or spins with some.
const (
	delayVariable = "OTEL_BSP_SCHEDULE_DELAY"
	queueVariable = "OTEL_BSP_MAX_QUEUE_SIZE"
	batchVariable = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"

	// maxDelay is in milliseconds; a run seldom takes as long as that hour.
	maxDelay = 3_600_000
	// maxSpans is the most that a queue or a batch may be set to, in spans.
	maxSpans = 1 << 20
)

// quiet keeps OpenTelemetry from printing: it quotes variables that it does not
// understand, and there are keys and passwords among them. The errors that it
// does not return go to warn. What it logs is dropped.
func quiet(warn func(message string, err error)) {
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		warn("the traces are not as the environment asks for them", plain(err))
	}))
}

// ofTraces returns the exporter's variable of that ending that counts for traces,
// and its value.
func ofTraces(getenv func(string) string, ending string) (name, value string) {
	name = generalPrefix + "TRACES_" + ending
	if value = strings.TrimSpace(getenv(name)); value != "" {
		return name, value
	}
	name = generalPrefix + ending
	return name, strings.TrimSpace(getenv(name))
}

// batches returns how spans are gathered.
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

// number returns the number in a variable, from 1 to most, or else the one given.
func (o Options) number(name string, otherwise, most int) int {
	text := strings.TrimSpace(o.Getenv(name))
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		o.Warn("the traces are not as the environment asks for them",
			errors.New(name+" is not a number from 1 to "+strconv.Itoa(most)+": "+strconv.Itoa(otherwise)+" is used instead"))
		return otherwise
	}
	return n
}
