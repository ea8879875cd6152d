package token

import (
	"sync/atomic"
	"time"
)

// clockTick is how old the time of a [coarseClock] may be.
const clockTick = 100 * time.Millisecond

// coarseClock gives the wall clock's time to within one tick. A read of the
// system's clock costs several times what the rest of a cached answer costs, so
// it is read once per tick and only while somebody asks.
//
// The timer that ends a tick runs on the monotonic clock, which stands still
// while a laptop sleeps; the time that it makes stale is the wall clock's, so a
// token that expired during the sleep is noticed within a tick of waking.
type coarseClock struct {
	nanos atomic.Int64 // Unix time in nanoseconds, 0 when it must be read anew
	tick  *time.Timer
}

func newCoarseClock() *coarseClock {
	c := &coarseClock{}
	c.tick = time.AfterFunc(clockTick, func() { c.nanos.Store(0) })
	return c
}

// now returns the Unix time in nanoseconds, at most one tick old.
func (c *coarseClock) now() int64 {
	if n := c.nanos.Load(); n != 0 {
		return n
	}
	n := time.Now().UnixNano()
	if c.nanos.CompareAndSwap(0, n) {
		c.tick.Reset(clockTick)
	}
	return n
}
