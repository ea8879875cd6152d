// Package breaker keeps a run from waiting, once per request, for a server that
// does not answer.
package breaker

import (
	"context"
	"sync"
	"time"
)

// Breaker is a circuit breaker for one server. It opens when a request ends without
// an answer, and refuses the requests after it. The caller decides what counts as an
// answer: an error that the server sent usually does. The zero value is closed, and
// stays open once it has opened. A Breaker must not be copied after its first use.
type Breaker struct {
	// Pause is how long an open Breaker refuses all requests. After each pause one
	// request may try again. 0 means forever.
	Pause time.Duration

	mu       sync.Mutex
	answered time.Time
	// failure is not nil while the Breaker is open, and retry is when the pause ends.
	failure error
	retry   time.Time
	// opening ends when the Breaker opens; nil until [Breaker.Bind] needs it.
	opening context.Context //nolint:containedctx // no caller's context: a signal that AfterFunc accepts
	open    context.CancelFunc
}

// OpenError is the error of a request that an open [Breaker] refused. Its text is
// that of the failure that opened the Breaker.
type OpenError struct{ err error }

// Error returns the failure's text.
func (e *OpenError) Error() string { return e.err.Error() }

// Unwrap returns the failure.
func (e *OpenError) Unwrap() error { return e.err }

// Allow returns nil if a request may be sent, and an [*OpenError] if not.
func (b *Breaker) Allow() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.failure == nil:
		return nil
	case b.Pause == 0 || time.Now().Before(b.retry):
		return &OpenError{b.failure}
	default:
		b.retry = time.Now().Add(b.Pause)
		return nil
	}
}

// Answered closes the Breaker: the server answered a request.
func (b *Breaker) Answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answered, b.failure = time.Now(), nil
}

// Failed opens the Breaker with err, the failure of a request that began at the
// given time and got no answer. A server that has answered a different request since
// then is only slow: the Breaker stays closed. The result reports whether this call
// opened it.
func (b *Breaker) Failed(began time.Time, err error) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answered.After(began) {
		return false
	}
	opened = b.failure == nil
	b.failure, b.retry = err, time.Now().Add(b.Pause)
	if b.open != nil {
		b.open()
		b.opening, b.open = nil, nil
	}
	return opened
}

// Bind returns a context that also ends when the Breaker opens, so that requests
// under way are abandoned. It is for requests whose answer the caller can do without.
func (b *Breaker) Bind(ctx context.Context) (bound context.Context, release func()) {
	bound, cancel := context.WithCancel(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failure != nil && b.Pause == 0 {
		cancel() // it opened after the caller was allowed
		return bound, cancel
	}
	if b.opening == nil {
		b.opening, b.open = context.WithCancel(context.Background())
	}
	stop := context.AfterFunc(b.opening, cancel)
	return bound, func() {
		stop()
		cancel()
	}
}
