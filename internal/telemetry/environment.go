package telemetry

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

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
// does not return are told to warn; what it logs is dropped.
func quiet(warn func(message string, err error)) {
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		warn("the traces are not as the environment asks for them", plain(err))
	}))
}

// checkAddress returns an error where the collector's address is none: spans
// would go to one that nobody named, or nowhere. The address is not quoted, since
// there may be a password in it.
func checkAddress(getenv func(string) string) error {
	name, address := ofTraces(getenv, "ENDPOINT")
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%s is not the address of a collector, such as http://127.0.0.1:4318", name)
	}
	return nil
}

// checkHeaders returns an error where some of the headers cannot be sent.
func checkHeaders(getenv func(string) string) error {
	name, headers := ofTraces(getenv, "HEADERS")
	if headers == "" {
		return nil
	}
	for header := range strings.SplitSeq(headers, ",") {
		key, value, ok := strings.Cut(header, "=")
		key = strings.TrimSpace(key)
		if _, err := url.PathUnescape(value); !ok || err != nil || key == "" || strings.ContainsAny(key, " :\t") {
			return fmt.Errorf("%s is not a list of name=value, with commas between them and values that are percent-encoded", name)
		}
	}
	return nil
}

// ofTraces returns the exporter's variable of that ending that counts for traces,
// and its value.
func ofTraces(getenv func(string) string, ending string) (name, value string) {
	name = "OTEL_EXPORTER_OTLP_TRACES_" + ending
	if value = strings.TrimSpace(getenv(name)); value != "" {
		return name, value
	}
	name = "OTEL_EXPORTER_OTLP_" + ending
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
			errors.New(name+" is not a number from 1 to "+strconv.Itoa(most)+": it counts as "+strconv.Itoa(otherwise)))
		return otherwise
	}
	return n
}
