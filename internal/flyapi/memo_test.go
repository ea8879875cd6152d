package flyapi

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type key struct{}

func TestMemoRunsOnceForCallersThatComeTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memo[string, int]
		runs := 0
		fn := func(ctx context.Context) (int, error) {
			runs++
			time.Sleep(time.Second)
			if ctx.Value(key{}) != "first" {
				t.Error("the flight lost the first caller's values")
			}
			return 7, ctx.Err()
		}
		ctx := context.WithValue(t.Context(), key{}, "first")
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				if got, err := m.do(ctx, "web", fn); got != 7 || err != nil {
					t.Errorf("do = %d, %v", got, err)
				}
			})
		}
		group.Wait()
		if got, err := m.do(ctx, "web", fn); got != 7 || err != nil || runs != 1 {
			t.Errorf("a later do = %d, %v after %d runs, want 7 after 1", got, err, runs)
		}
	})
}

func TestMemoRemembersFailures(t *testing.T) {
	t.Parallel()
	var m memo[string, int]
	runs, failure := 0, errors.New("no")
	for range 3 {
		if _, err := m.do(t.Context(), "web", func(context.Context) (int, error) { runs++; return 0, failure }); !errors.Is(err, failure) {
			t.Fatal(err)
		}
	}
	if runs != 1 {
		t.Errorf("%d runs, want 1", runs)
	}
}

func TestMemoOneCallersCancellationHurtsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memo[string, int]
		fn := func(ctx context.Context) (int, error) {
			select {
			case <-time.After(time.Minute):
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		leaving, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := m.do(leaving, "web", fn); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		group.Go(func() {
			if got, err := m.do(t.Context(), "web", fn); got != 7 || err != nil {
				t.Errorf("who stayed got %d, %v", got, err)
			}
		})
		synctest.Wait()
		leave()
		group.Wait()
	})
}

func TestMemoForgetsWhatWasCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memo[string, int]
		leaving, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := m.do(leaving, "web", func(ctx context.Context) (int, error) {
				<-ctx.Done()
				ended <- ctx.Err()
				return 0, ctx.Err()
			})
			ended <- err
		}()
		synctest.Wait()
		leave()
		if a, b := <-ended, <-ended; !errors.Is(a, context.Canceled) || !errors.Is(b, context.Canceled) {
			t.Fatalf("flight and caller ended with %v and %v", a, b)
		}
		if got, err := m.do(t.Context(), "web", func(context.Context) (int, error) { return 7, nil }); got != 7 || err != nil {
			t.Errorf("the next do = %d, %v", got, err)
		}
	})
}

func TestMemoLeavesAFlightToWhoeverAsksNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var m memo[string, int]
		runs := 0
		fn := func(context.Context) (int, error) { runs++; time.Sleep(time.Minute); return 7, nil }
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := m.do(hurried, "web", fn); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if got, err := m.do(t.Context(), "web", fn); got != 7 || err != nil || runs != 1 {
			t.Errorf("do = %d, %v after %d runs", got, err, runs)
		}
	})
}

func TestMemoTurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	var m memo[string, int]
	if _, err := m.do(t.Context(), "web", func(context.Context) (int, error) { panic("fo1_secret") }); !errors.Is(err, errNoResult) ||
		err.Error() != "the lookup ended without a result: a panic of type string" {
		t.Errorf("do = %v", err)
	}
}
