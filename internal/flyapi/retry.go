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

// maxRetries is how often a call is repeated: three times, as fly-go does.
const maxRetries = 3

// maxRetryWait bounds one wait that the server did not ask for.
const maxRetryWait = 2 * time.Second

// repeat says when a call may be sent again.
type repeat int

const (
	// never is for what has a deadline of its own that a retry would overrun.
	never repeat = iota
	// whenAnswered is for what must not be done twice: only an answer that says
	// that it was not done, 429, 502 or 503, is a reason to try again.
	whenAnswered
	// whenLost adds a connection that broke: the call may have been carried
	// out, and doing it twice does no harm.
	whenLost
	// whenFailed adds 500 and 504. It is for what must be done in the end, and may
	// be done twice: looking for a token, and revoking it.
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
		return false, nil //nolint:nilerr // an error here would take the place of the answer
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

// isLost reports whether a connection that stood was broken off.
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

// inTime reports whether the server's own wait ends before the deadline; a wait
// that cannot succeed is not begun.
func inTime(ctx context.Context, resp *http.Response) bool {
	wait, ok := retryAfter(resp)
	deadline, bounded := ctx.Deadline()
	return !ok || !bounded || time.Until(deadline) > wait
}

// backoff is a retryablehttp.Backoff: from half to the whole of a doubling wait,
// after the time that the server asks for, if it does.
func backoff(first, longest time.Duration, attempt int, resp *http.Response) time.Duration {
	asked, _ := retryAfter(resp)
	wait := min(first<<attempt, longest)
	return asked + wait - rand.N(wait/2+1) //nolint:gosec // spreads retries; nothing to guess
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
