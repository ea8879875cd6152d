package token

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// guarded calls do in a separate goroutine. A panic becomes an error, and a
// call that exceeds its deadline is abandoned.
func guarded[T any](parent context.Context, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	landed := make(chan outcome, 1)
	go func() {
		var out outcome
		defer func() {
			if v := recover(); v != nil {
				out.err = panicError(v)
			}
			landed <- out
		}()
		out.value, out.err = do(ctx)
	}()
	var none T
	select {
	case out := <-landed:
		return out.value, out.err
	case <-parent.Done():
		return none, context.Cause(parent)
	case <-ctx.Done():
	}
	grace := time.NewTimer(linkGrace)
	defer grace.Stop()
	select {
	case out := <-landed:
		return out.value, out.err
	case <-parent.Done():
		return none, context.Cause(parent)
	case <-grace.C:
		return none, &MissError{Reason: fmt.Sprintf("it did not answer within %s", limit), Temporary: true, Cause: context.DeadlineExceeded}
	}
}

// panicError describes a panic. The value is left out, because it may be a secret,
// unless the runtime raised it.
func panicError(v any) error {
	if err, ok := v.(runtime.Error); ok {
		return &MissError{Reason: "it panicked: " + err.Error(), Fix: "this is a bug in the provider: please report it", Cause: err}
	}
	return &MissError{Reason: fmt.Sprintf("it panicked with a %T", v), Fix: "this is a bug in the provider: please report it"}
}
