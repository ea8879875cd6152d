package tokenstore

import (
	"context"
	"time"
)

// lease is a claim on a backend whose locks do not exclude every process.
type lease struct {
	// Owner is random.
	Owner string `json:"owner"`
	// The owner increments Count for as long as it runs.
	Count uint64 `json:"count"`
}

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

// took records the written claim, and begins to renew its lease.
func (c *claim) took(ctx context.Context, doc Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doc = &doc
	if c.exclusive {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.renew(ctx)
	}()
	c.stop = func() { cancel(); <-done }
}

// renew shows that this process is alive, until the claim ends or is lost. If it is
// lost, the save fails.
func (c *claim) renew(ctx context.Context) {
	for lost := false; !lost; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(c.store.leases.Renew):
		}
		doc, err := c.store.change(ctx, nil, c.store.onState(c.req.Place(), func(st *state) (bool, error) {
			if lost = !c.holds(st); lost {
				return false, nil
			}
			st.claim.Count++
			return true, nil
		}))
		if err == nil && !lost {
			c.mu.Lock()
			c.doc = &doc
			c.mu.Unlock()
		}
	}
}

// holds reports whether the claim has not been lost.
func (c *claim) holds(st *state) bool {
	return c.exclusive || st.claim != nil && st.claim.Owner == c.owner
}
