package flyapi

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
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

func (r repeat) times() int {
	if r == never {
		return 0
	}
	return maxRetries
}

// check is a retryablehttp.CheckRetry.
func (r repeat) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	switch {
	case r == never, ctx.Err() != nil:
		return false, nil //nolint:nilerr // an error here would replace the answer
	case err != nil:
		return r >= whenLost && isLost(err), nil
	case resp.StatusCode == http.StatusBadGateway:
		return true, nil
	case resp.StatusCode == http.StatusInternalServerError, resp.StatusCode == http.StatusGatewayTimeout:
		return r == whenFailed, nil
	case resp.StatusCode == http.StatusServiceUnavailable, resp.StatusCode == http.StatusTooManyRequests:
		return inTime(ctx, resp), nil
	default:
		return false, nil
	}
}

// isLost reports whether an established connection broke.
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
	var wrapper *url.Error // it repeats the method and the whole URL
	if errors.As(err, &wrapper) {
		err = wrapper.Err
	}
	return strings.HasPrefix(err.Error(), "http2: ") && strings.Contains(err.Error(), "GOAWAY")
}

// inTime reports whether the wait that the server asks for ends before the
// deadline. A wait that cannot succeed is not begun.
func inTime(ctx context.Context, resp *http.Response) bool {
	wait, ok := retryAfter(resp)
	deadline, bounded := ctx.Deadline()
	return !ok || !bounded || time.Until(deadline) > wait
}

// backoff is a retryablehttp.Backoff. It waits for the time that the server
// asks for, if any, plus a jittered, doubling wait.
func backoff(first, longest time.Duration, attempt int, resp *http.Response) time.Duration {
	asked, _ := retryAfter(resp)
	wait := min(first<<attempt, longest)
	return asked + wait - rand.N(wait/2+1) //nolint:gosec // spreads retries; not a secret
}

// retryAfter reads the Retry-After header of a 429 or 503, in seconds or as a
// date (RFC 9110, section 10.2.3).
func retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp == nil || resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0, false
	}
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at)), true
	}
	return 0, false
}
