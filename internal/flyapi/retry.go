package flyapi

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxRetries bounds the repetitions of a call: three, as in fly-go.
const maxRetries = 3

// maxRetryWait bounds one wait that the server did not ask for.
const maxRetryWait = 2 * time.Second

// repeat is a rule for sending a call again.
type repeat int

const (
	// never is for calls with a deadline that a retry would exceed.
	never repeat = iota
	// whenAnswered is for calls that must not be carried out twice. Only the
	// answers 429, 502 and 503 are a reason to try again.
	whenAnswered
	// whenLost adds broken connections. It is for calls that may safely be
	// carried out twice.
	whenLost
	// whenFailed adds 500 and 504. It is for calls that must succeed and may be
	// repeated: finding a token and revoking it.
	whenFailed
)

// again reports whether to send a call again after an answer or an error.
func (r repeat) again(ctx context.Context, got *reply, err error) bool {
	if r == never || ctx.Err() != nil {
		return false
	}
	switch got.status {
	case http.StatusBadGateway:
		return true
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return inTime(ctx, got)
	case http.StatusInternalServerError, http.StatusGatewayTimeout:
		if r == whenFailed {
			return true
		}
	}
	return err != nil && r >= whenLost && isLost(err)
}

func isLost(err error) bool {
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return isGoneAway(err) || isLostSocket(err)
}

// isGoneAway reports whether an HTTP/2 server ended the connection with a GOAWAY
// frame. net/http does not export the error's type.
func isGoneAway(err error) bool {
	return strings.HasPrefix(err.Error(), "http2: ") && strings.Contains(err.Error(), "GOAWAY")
}

// inTime reports whether the wait that the server asks for ends before the
// deadline. A wait that cannot succeed is not begun.
func inTime(ctx context.Context, got *reply) bool {
	wait, ok := got.retryAfter()
	deadline, bounded := ctx.Deadline()
	return !ok || !bounded || time.Until(deadline) > wait
}

// backoff waits for the time that the server asks for, if any, plus a jittered,
// doubling wait.
func backoff(first time.Duration, attempt int, got *reply) time.Duration {
	asked, _ := got.retryAfter()
	wait := min(first<<attempt, maxRetryWait)
	return asked + wait - rand.N(wait/2+1) //nolint:gosec // spreads retries; not a secret
}

// retryAfter reads the Retry-After header of a 429 or 503, in seconds or as a
// date (RFC 9110, section 10.2.3).
func (r *reply) retryAfter() (time.Duration, bool) {
	if r.status != http.StatusTooManyRequests && r.status != http.StatusServiceUnavailable {
		return 0, false
	}
	value := strings.TrimSpace(r.header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at)), true
	}
	return 0, false
}
