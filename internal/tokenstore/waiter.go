package tokenstore

import "time"

// waiter watches another process's lease by this process's monotonic clock.
type waiter struct {
	seen  lease
	since time.Time
}

// over reports whether the lease has not been renewed for its length.
func (w *waiter) over(held lease, length time.Duration) bool {
	if w.since.IsZero() || w.seen != held {
		w.seen, w.since = held, time.Now()
	}
	return time.Since(w.since) >= length
}
