package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/breaker"
)

// breakerPause is how long a server that did not answer is left alone. Most runs
// are shorter; one that takes hours gets its storage back after an outage.
const breakerPause = time.Minute

// errNoAnswer is the cause of the context of a request that took too long.
var errNoAnswer = errors.New("no answer in time")

// Breaker bounds how long a run waits for a server that does not answer: one
// time-out, however many requests there are.
type Breaker struct {
	timeout time.Duration
	breaker breaker.Breaker
}

// NewBreaker returns a closed breaker. The timeout bounds each request.
func NewBreaker(timeout time.Duration) *Breaker {
	return &Breaker{timeout: timeout, breaker: breaker.Breaker{Pause: breakerPause}}
}

// Do calls request with a context that ends after the time-out. When a request runs
// out of time or returns an [OutageError], further requests fail with its error
// for a minute. The end of ctx does not count as an outage.
func (b *Breaker) Do(ctx context.Context, request func(ctx context.Context) error) error {
	if err := b.breaker.Allow(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeoutCause(ctx, b.timeout, errNoAnswer)
	defer cancel()
	err := request(limited)
	var outage *OutageError
	switch {
	case errors.As(err, &outage):
	case err != nil && errors.Is(context.Cause(limited), errNoAnswer) && ctx.Err() == nil:
		err = &LateError{b.timeout}
	case err == nil || ctx.Err() == nil:
		b.breaker.Answered()
		return err
	default:
		return err
	}
	// Storage that answers only some requests counts as down, so that the wait stays bounded.
	b.breaker.Failed(time.Now(), err)
	return err
}

// skipped reports whether err is that of a request that was not sent.
func skipped(err error) bool {
	var open *breaker.OpenError
	return errors.As(err, &open)
}

// OutageError says that a server has refused requests for as long as they had
// time, and will go on refusing them. It counts like a request whose time was up.
type OutageError struct{ Err error }

// Error is the cause's.
func (e *OutageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *OutageError) Unwrap() error { return e.Err }

// LateError says that a server did not answer in time.
type LateError struct{ timeout time.Duration }

// Error says how long the server had.
func (e *LateError) Error() string { return fmt.Sprintf("no answer within %s", e.timeout) }
