package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// breakerPause is how long a server that did not answer is left alone. Most runs
// are shorter; one that takes hours gets its storage back after an outage.
const breakerPause = time.Minute

// errNoAnswer is the cause of the context of a request that took too long.
var errNoAnswer = errors.New("no answer in time")

// Breaker bounds how long a run waits for a server that does not answer: one
// time-out, however many requests there are.
type Breaker struct {
	// Timeout bounds each request.
	Timeout time.Duration
	// Setting names the argument that sets Timeout.
	Setting string

	mu sync.Mutex
	// failure is why the last request failed whose time was up, and retry when
	// one request may try again.
	failure error
	retry   time.Time
}

// Do calls request with a context that ends after the time-out. After a request
// whose time was up, or that returned an [OutageError], further ones get its error at once, for a minute. ctx's own
// end does not count as an outage.
func (b *Breaker) Do(ctx context.Context, request func(ctx context.Context) error) error {
	if err := b.allow(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeoutCause(ctx, b.Timeout, errNoAnswer)
	defer cancel()
	err := request(limited)
	late := err != nil && errors.Is(context.Cause(limited), errNoAnswer)
	b.mu.Lock()
	defer b.mu.Unlock()
	var outage *OutageError
	switch {
	case late && ctx.Err() == nil:
		err = &LateError{Timeout: b.Timeout, Setting: b.Setting}
		fallthrough
	case errors.As(err, &outage):
		b.failure, b.retry = err, time.Now().Add(breakerPause)
		return err
	case err == nil || ctx.Err() == nil:
		b.failure = nil
	}
	return err
}

// allow returns the error of the request that failed, except to one request for
// each pause, which tries again.
func (b *Breaker) allow() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failure == nil {
		return nil
	}
	if time.Now().Before(b.retry) {
		return &skippedError{b.failure}
	}
	b.retry = time.Now().Add(breakerPause)
	return nil
}

// Skipped reports whether err is that of a request that was not sent.
func Skipped(err error) bool {
	var skipped *skippedError
	return errors.As(err, &skipped)
}

// skippedError is the error of an earlier request, for one that was not sent.
type skippedError struct{ error }

// Unwrap returns the earlier request's error.
func (e *skippedError) Unwrap() error { return e.error }

// OutageError says that a server has refused requests for as long as they had
// time, and will go on refusing them. It counts like a request whose time was up.
type OutageError struct{ Err error }

// Error is the cause's.
func (e *OutageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *OutageError) Unwrap() error { return e.Err }

// LateError says that a server did not answer in time.
type LateError struct {
	// Timeout is the time it had.
	Timeout time.Duration
	// Setting names the argument that sets it.
	Setting string
}

// Error says how long the server had.
func (e *LateError) Error() string { return fmt.Sprintf("no answer within %s", e.Timeout) }
