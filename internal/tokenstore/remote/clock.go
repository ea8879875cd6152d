package remote

import (
	"net/http"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// second is the resolution of a Date header.
const second = time.Second

// Clock derives a server's time from its answers. Between answers it uses this
// machine's monotonic clock, so that it does not depend on this machine's wall
// clock.
type Clock struct {
	start time.Time

	mu sync.Mutex
	// known means that lower and upper are valid.
	known bool
	// The server's time is start's monotonic reading plus an offset between lower
	// and upper, in nanoseconds since 1970.
	lower, upper int64
	// from and to are the last results of Bounds.
	from, to int64
}

// NewClock returns a clock without an answer.
func NewClock() *Clock { return &Clock{start: time.Now()} }

// Observe records that the server's time was between from and to at some instant
// between sent and got, which have monotonic readings.
func (c *Clock) Observe(sent, got, from, to time.Time) {
	lower := from.UnixNano() - int64(got.Sub(c.start))
	upper := to.UnixNano() - int64(sent.Sub(c.start))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known && max(lower, c.lower) <= min(upper, c.upper) {
		c.lower, c.upper = max(lower, c.lower), min(upper, c.upper)
		return
	}
	// The first answer, or one that contradicts the earlier ones: a clock was
	// set, or a different node of a cluster answered. The latest answer counts.
	c.known, c.lower, c.upper = true, lower, upper
}

// Bounds returns the lower and upper bound of the server's time now. Neither
// decreases from one call to the next. ok is false before the first answer.
func (c *Clock) Bounds() (from, to token.Sequence, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		return 0, 0, false
	}
	elapsed := int64(time.Since(c.start))
	c.from = max(c.from, elapsed+c.lower)
	c.to = max(c.to, c.from, elapsed+c.upper)
	return token.Sequence(c.from), token.Sequence(c.to), true //nolint:gosec // times since 1970 are positive
}

// Transport returns a transport that passes the answers of next to the clock.
func (c *Clock) Transport(next http.RoundTripper) http.RoundTripper {
	return observer{clock: c, next: next}
}

type observer struct {
	clock *Clock
	next  http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (o observer) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := time.Now()
	resp, err := o.next.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	got := time.Now()
	// The header has the time in whole seconds, rounded down.
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil && date.Unix() > 0 {
		o.clock.Observe(sent, got, date, date.Add(second))
	}
	return resp, nil
}
