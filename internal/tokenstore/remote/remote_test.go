package remote_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore/remote"
)

func TestClockNarrowsItsBoundsAndNeverTurnsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := remote.NewClock()
		if _, _, ok := c.Bounds(); ok {
			t.Error("it knows the time before the first answer")
		}
		// The server is a year ahead.
		server := func() time.Time { return time.Now().AddDate(1, 0, 0) }
		observe := func(offset time.Duration) {
			sent := time.Now()
			time.Sleep(100 * time.Millisecond)
			date := server().Add(offset).Truncate(time.Second)
			time.Sleep(100 * time.Millisecond)
			c.Observe(sent, time.Now(), date, date.Add(time.Second))
		}
		var lastFrom, lastTo int64
		check := func(what string, offset time.Duration) {
			t.Helper()
			from, to, _ := c.Bounds()
			if now := server().Add(offset).UnixNano(); int64(from) > now || int64(to) < now {
				t.Errorf("%s: %d is not between %d and %d", what, now, from, to)
			}
			if int64(from) < lastFrom || int64(to) < lastTo {
				t.Errorf("%s: the bounds turned back", what)
			}
			lastFrom, lastTo = int64(from), int64(to)
		}
		observe(0)
		check("at once", 0)
		time.Sleep(time.Hour)
		check("an hour later", 0)
		time.Sleep(700 * time.Millisecond)
		observe(0)
		check("after another answer", 0)
		if lastTo-lastFrom >= int64(1200*time.Millisecond) {
			t.Errorf("two answers leave bounds %s apart, as wide as one", time.Duration(lastTo-lastFrom))
		}
		observe(time.Minute)
		check("after the server's clock was set", time.Minute)
		observe(-time.Minute)
		from, to, _ := c.Bounds()
		if int64(from) < lastFrom || int64(to) < lastTo {
			t.Error("the bounds turned back with the server's clock")
		}
	})
}

func TestBreakerTriesAgainOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := remote.NewBreaker(5 * time.Second)
		calls, up := 0, false
		do := func() error {
			return b.Do(t.Context(), func(ctx context.Context) error {
				calls++
				if up {
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			})
		}
		began := time.Now()
		for range 100 {
			var late *remote.LateError
			if err := do(); !errors.As(err, &late) {
				t.Fatalf("got %v", err)
			}
		}
		if took := time.Since(began); calls != 1 || took != 5*time.Second {
			t.Errorf("%d requests took %s, want one of 5s", calls, took)
		}
		up = true
		time.Sleep(time.Minute)
		for range 3 {
			if err := do(); err != nil {
				t.Error(err)
			}
		}
		if calls != 4 {
			t.Errorf("%d requests were sent, want 4", calls)
		}
	})
}

func TestCallersEndIsNoOutage(t *testing.T) {
	t.Parallel()
	b := remote.NewBreaker(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Do(ctx, func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := b.Do(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Errorf("the next request: %v", err)
	}
}
