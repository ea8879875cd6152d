// Package coalesce lets callers that ask the same question at the same time share
// one call.
//
// It differs from golang.org/x/sync/singleflight in what happens when callers
// leave. A caller leaves when its own context ends. The call keeps the values of
// the first caller's context, its logger for example, but not its cancellation.
// The call is cancelled when its last waiter leaves. A panic in the call becomes
// its error.
package coalesce

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// errNoResult is the error of a call that ended without returning.
var errNoResult = errors.New("the call ended without a result")

// panicError describes a recovered value. It leaves the value out, which may be a secret,
// unless it is an error of the Go runtime.
func panicError(recovered any) error {
	if err, ok := recovered.(runtime.Error); ok {
		return fmt.Errorf("panic: %w", err)
	}
	return fmt.Errorf("panic with a value of type %T", recovered)
}

// Group shares calls by key. The zero value shares calls that are under way and
// remembers nothing. A Group must not be copied after its first use.
type Group[K comparable, V any] struct {
	// Remember keeps the result of each call, errors included, for the life of the
	// Group. A call that its last waiter cancelled is not remembered. One whose
	// waiters merely ran out of time goes on, so that its result is there for the
	// next caller.
	Remember bool

	mu    sync.Mutex
	calls map[K]*Call[V]
}

// Call is one call, shared by those who wait for it. Start one with [Start], or let a
// [Group] do so.
type Call[V any] struct {
	group     *sync.Mutex
	lasting   bool
	forget    func()
	cancel    context.CancelFunc
	waiters   int           // under group
	abandoned bool          // under group
	done      chan struct{} // closed when value and err are set
	value     V
	err       error
}

// Start calls do. The caller counts as a waiter and must call [Call.Wait] once.
func Start[V any](ctx context.Context, do func(context.Context) (V, error)) *Call[V] {
	call, own := newCall[V](ctx, new(sync.Mutex))
	call.forget = func() {}
	go call.run(own, do)
	return call
}

// Ended returns a call that has ended with the given result.
func Ended[V any](value V, err error) *Call[V] {
	call := &Call[V]{done: make(chan struct{}), value: value, err: err}
	close(call.done)
	return call
}

// Join adds a waiter, who must call [Call.Wait] once. It reports false for a call
// that has ended or that its last waiter has left: there is nothing to wait for.
func (c *Call[V]) Join() bool {
	c.group.Lock()
	defer c.group.Unlock()
	select {
	case <-c.done:
		return false
	default:
	}
	if c.abandoned {
		return false
	}
	c.waiters++
	return true
}

// newCall returns a call with one waiter, and the context that it is to run in.
func newCall[V any](ctx context.Context, group *sync.Mutex) (*Call[V], context.Context) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // run cancels it at the latest
	return &Call[V]{group: group, cancel: cancel, waiters: 1, done: make(chan struct{}), err: errNoResult}, own
}

// Do joins the call for key, or starts it with do, and waits for its result.
func (g *Group[K, V]) Do(ctx context.Context, key K, do func(context.Context) (V, error)) (V, error) {
	call, _ := g.Join(ctx, key, do)
	return call.Wait(ctx)
}

// Join returns the call for key, started with do unless it exists, and whether it
// existed. The caller counts as a waiter and must call [Call.Wait] once.
func (g *Group[K, V]) Join(ctx context.Context, key K, do func(context.Context) (V, error)) (call *Call[V], shared bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if call, shared = g.calls[key]; shared {
		call.waiters++
		return call, true
	}
	call, own := newCall[V](ctx, &g.mu)
	call.lasting = g.Remember
	call.forget = func() {
		if g.calls[key] == call {
			delete(g.calls, key)
		}
	}
	if g.calls == nil {
		g.calls = make(map[K]*Call[V])
	}
	g.calls[key] = call
	go call.run(own, do)
	return call, false
}

// run makes the call. Runtime.Goexit in it leaves [errNoResult].
func (c *Call[V]) run(ctx context.Context, do func(context.Context) (V, error)) {
	defer c.end()
	defer func() {
		if v := recover(); v != nil {
			c.err = panicError(v)
		}
	}()
	c.value, c.err = do(ctx)
}

// end publishes the result. No caller joins the call after that, unless it is
// remembered.
func (c *Call[V]) end() {
	c.cancel()
	c.group.Lock()
	defer c.group.Unlock()
	if !c.lasting {
		c.forget()
	}
	close(c.done)
}

// Wait returns the call's result, or the cause of ctx's end if that comes first.
func (c *Call[V]) Wait(ctx context.Context) (V, error) {
	select {
	case <-c.done:
		return c.value, c.err
	default:
	}
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		c.leave(ctx)
		var none V
		return none, context.Cause(ctx)
	}
}

// leave cancels the call if it was its last waiter. It is forgotten first, so
// that the next caller starts a new one.
func (c *Call[V]) leave(ctx context.Context) {
	c.group.Lock()
	defer c.group.Unlock()
	c.waiters--
	if c.waiters > 0 || c.lasting && !errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	select {
	case <-c.done: // a remembered result stays
	default:
		c.abandoned = true
		c.forget()
		c.cancel()
	}
}
