package token

import (
	"sync"
	"time"
)

// budget is a deadline that can be paused, because the wait for a slot is not
// the flight's own time.
type budget struct {
	mu      sync.Mutex
	timer   *time.Timer
	left    time.Duration
	started time.Time
	spent   bool
}

func newBudget(limit time.Duration, over func()) *budget {
	return &budget{timer: time.AfterFunc(limit, over), left: limit, started: time.Now()}
}

// pause stops the clock until the returned function is called.
func (b *budget) pause() (resume func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left -= time.Since(b.started)
	b.timer.Stop()
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.spent {
			return
		}
		b.started = time.Now()
		b.timer.Reset(b.left)
	}
}

func (b *budget) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = true
	b.timer.Stop()
}
