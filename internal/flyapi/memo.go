package flyapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// errNoResult is what waiters get when a lookup ended without returning.
var errNoResult = errors.New("the lookup ended without a result")

// memo remembers, for its own lifetime, what a function returned for each key,
// failures included, and runs it once for callers that come together.
type memo[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]*entry[V]
}

// entry is one key's result, or the flight towards it.
type entry[V any] struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int
	val     V
	err     error
}

// do returns the remembered result for key, or runs fn for it. A caller whose
// ctx ends returns at once. The flight keeps the first caller's values and not
// its cancellation; it is given up, and not remembered, when its last waiter was
// cancelled. A waiter that merely ran out of time leaves the flight to its own
// deadline, so that whoever asks next need not begin anew.
func (m *memo[K, V]) do(ctx context.Context, key K, fn func(context.Context) (V, error)) (V, error) {
	e := m.join(ctx, key, fn)
	select {
	case <-e.done:
		return e.val, e.err
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e.waiters--
	if e.waiters == 0 && errors.Is(ctx.Err(), context.Canceled) {
		e.cancel()
		if m.entries[key] == e {
			delete(m.entries, key)
		}
	}
	var none V
	return none, context.Cause(ctx)
}

// join returns the entry of key with the caller counted among its waiters.
func (m *memo[K, V]) join(ctx context.Context, key K, fn func(context.Context) (V, error)) *entry[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.entries[key]; ok {
		e.waiters++
		return e
	}
	flight, cancel := context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // the entry cancels it, at the latest when it has run
	e := &entry[V]{done: make(chan struct{}), cancel: cancel, waiters: 1, err: errNoResult}
	if m.entries == nil {
		m.entries = make(map[K]*entry[V])
	}
	m.entries[key] = e
	go e.run(flight, fn)
	return e
}

// run fills the entry. A panic becomes the entry's error: it must not take the
// process with it.
func (e *entry[V]) run(ctx context.Context, fn func(context.Context) (V, error)) {
	defer close(e.done)
	defer e.cancel()
	defer func() {
		if p := recover(); p != nil {
			// The value is not printed: nobody knows what it holds.
			e.err = fmt.Errorf("%w: a panic of type %T", errNoResult, p)
		}
	}()
	e.val, e.err = fn(ctx)
}
