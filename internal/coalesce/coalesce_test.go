package coalesce_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/coalesce"
)

type key struct{}

func TestCallersShareOneCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g coalesce.Group[string, int64]
		var calls atomic.Int64
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if v, err := g.Do(t.Context(), "k", func(context.Context) (int64, error) {
					time.Sleep(time.Second)
					return calls.Add(1), nil
				}); v != 1 || err != nil {
					t.Errorf("Do = %d, %v, want 1, nil", v, err)
				}
			})
		}
		wg.Wait()
		if v, _ := g.Do(t.Context(), "k", func(context.Context) (int64, error) { return calls.Add(1), nil }); v != 2 {
			t.Errorf("a later Do = %d, want a second call", v)
		}
	})
}

func TestResultsAreRemembered(t *testing.T) {
	t.Parallel()
	g := coalesce.Group[string, int]{Remember: true}
	calls, failure := 0, errors.New("failed")
	for range 3 {
		if _, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { calls++; return 0, failure }); !errors.Is(err, failure) {
			t.Errorf("Do = %v, want %v", err, failure)
		}
	}
	if calls != 1 {
		t.Errorf("calls = %d, want 1", calls)
	}
}

func TestACallerLeavesAndTheCallGoesOn(t *testing.T) {
	t.Parallel()
	for _, remember := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g := coalesce.Group[string, any]{Remember: remember}
			first, leave := context.WithCancelCause(context.WithValue(t.Context(), key{}, "logger"))
			do := func(ctx context.Context) (any, error) {
				select {
				case <-time.After(time.Second):
					return ctx.Value(key{}), nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			reason := errors.New("gone")
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := g.Do(first, "k", do); !errors.Is(err, reason) {
					t.Errorf("the first caller's Do = %v, want its own cause", err)
				}
			})
			synctest.Wait()
			wg.Go(func() {
				if v, err := g.Do(t.Context(), "k", do); v != "logger" || err != nil {
					t.Errorf("the second caller's Do = %v, %v, want the first one's value", v, err)
				}
			})
			synctest.Wait()
			leave(reason)
			wg.Wait()
		})
	}
}

func TestTheLastWaiterTakesTheCallDown(t *testing.T) {
	t.Parallel()
	for _, remember := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g := coalesce.Group[string, int]{Remember: remember}
			ctx, leave := context.WithCancel(t.Context())
			ended := make(chan struct{})
			call, _ := g.Join(ctx, "k", func(ctx context.Context) (int, error) {
				defer close(ended)
				<-ctx.Done()
				return 1, nil
			})
			leave()
			if _, err := call.Wait(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("Wait = %v, want %v", err, context.Canceled)
			}
			<-ended
			if v, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 2, nil }); v != 2 || err != nil {
				t.Errorf("the next Do = %d, %v, want a new call", v, err)
			}
		})
	}
}

func TestALastingCallOutlivesAWaiterWithoutTime(t *testing.T) {
	t.Parallel()
	for remember, want := range map[bool]int{false: 2, true: 1} {
		synctest.Test(t, func(t *testing.T) {
			g := coalesce.Group[string, int]{Remember: remember}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, _ = g.Do(ctx, "k", func(ctx context.Context) (int, error) {
				select {
				case <-time.After(time.Minute):
					return 1, nil
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			})
			if v, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { return 2, nil }); v != want || err != nil {
				t.Errorf("Remember %t: the next Do = %d, %v, want %d", remember, v, err, want)
			}
		})
	}
}

func TestAPanicIsAnError(t *testing.T) {
	t.Parallel()
	var g coalesce.Group[string, int]
	_, err := g.Do(t.Context(), "k", func(context.Context) (int, error) { panic("secret") })
	if err == nil || err.Error() != "panic with a value of type string" {
		t.Errorf("Do = %v, want a panic without its value", err)
	}
	var none map[string]int
	_, err = g.Do(t.Context(), "k", func(context.Context) (int, error) { none["k"] = 1; return 0, nil })
	if fault := runtime.Error(nil); !errors.As(err, &fault) {
		t.Errorf("Do = %v, want the runtime's error", err)
	}
}
