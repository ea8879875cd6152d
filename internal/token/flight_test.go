package token_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

type contextKey struct{}

// A caller may leave. The flight continues for the others, with the values of
// the first caller's context.
func TestCallerLeavesFlightGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
		var value any
		inner := cli.acquire
		cli.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
			value = ctx.Value(contextKey{})
			return inner(ctx, req)
		}
		r := newResolver(nil, cli)
		gone := errors.New("gone home")
		first, leave := context.WithCancelCause(context.WithValue(t.Context(), contextKey{}, "logger"))
		firstErr := make(chan error, 1)
		go func() {
			_, err := r.Read(first, web, token.PolicyIfExpired)
			firstErr <- err
		}()
		synctest.Wait()
		secondErr := make(chan error, 1)
		go func() {
			_, err := r.Read(t.Context(), web, token.PolicyIfExpired)
			secondErr <- err
		}()
		synctest.Wait()
		leave(gone)
		synctest.Wait()
		if err := <-firstErr; !errors.Is(err, gone) {
			t.Errorf("first caller's error = %v, want its context's cause", err)
		}
		if err := <-secondErr; err != nil {
			t.Errorf("second caller: %v", err)
		}
		wantCalls(t, cli, 1)
		if value != "logger" {
			t.Errorf("value in the flight = %v, want the first caller's", value)
		}
	})
}

// When the last waiter leaves, the flight is cancelled, and a later caller
// starts a new one.
func TestLastWaiterTakesFlightDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 2)
		cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
		inner := cli.acquire
		cli.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
			c, err := inner(ctx, req)
			ended <- err
			return c, err
		}
		r := newResolver(nil, cli)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			synctest.Wait()
			cancel()
		}()
		if _, err := r.Read(ctx, web, token.PolicyIfExpired); !errors.Is(err, context.Canceled) {
			t.Fatalf("error = %v, want context.Canceled", err)
		}
		if _, err := r.Read(t.Context(), web, token.PolicyIfExpired); err != nil {
			t.Fatalf("one who arrived later: %v", err)
		}
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the link of the flight that was left: %v, want it cancelled", err)
		}
		wantCalls(t, cli, 2)
	})
}

// slotted is a source with one slot.
type slotted struct {
	*link
	slot chan struct{}
}

func (s slotted) Slot(ctx context.Context) (func(), error) {
	select {
	case s.slot <- struct{}{}:
		return func() { <-s.slot }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// The wait for a slot counts neither as the source's time nor as the flight's,
// for any length of the queue.
func TestSlotsCountForNoDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := minter(t, token.SourceCLI, 14*time.Second, 24*time.Hour)
		r := newResolver(nil, slotted{cli, make(chan struct{}, 1)})
		got := herd(t, 50, func(i int) (token.Resolution, error) {
			return r.Read(t.Context(), token.Request{App: appName(i)}, token.PolicyIfExpired)
		})
		if len(got) != 50 {
			t.Errorf("%d tokens, want 50", len(got))
		}
	})
}

// A source that hangs and ignores its context costs its own deadline. One that
// panics costs nothing. Other apps and later calls are unaffected.
func TestPanicStaysInItsFlight(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fail func(release chan struct{}) (token.Candidate, error)
		want string
	}{
		"hang":  {func(release chan struct{}) (token.Candidate, error) { <-release; return token.Candidate{}, nil }, "cli: it did not answer within 15s"},
		"panic": {func(chan struct{}) (token.Candidate, error) { panic("fm2_secret") }, "cli: it panicked with a string: this is a bug"},
		"runtime error": {func(release chan struct{}) (token.Candidate, error) {
			return []token.Candidate{}[len(release)], nil
		}, "cli: it panicked: runtime error: index out of range"},
		"no token": {func(chan struct{}) (token.Candidate, error) { return token.Candidate{}, nil }, "cli: it answered without a token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
				good := cli.acquire
				var broken atomic.Bool
				broken.Store(true)
				cli.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
					if req.App == "web" && broken.Load() {
						return tc.fail(release)
					}
					return good(ctx, req)
				}
				r := newResolver(nil, cli)
				other := mustGet(t, r, "other")
				_, err := r.Read(t.Context(), web, token.PolicyIfExpired)
				if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") {
					t.Errorf("error = %v, want it to say %q", err, tc.want)
				}
				if again := mustGet(t, r, "other"); again.Token != other.Token || again.Acquirer != token.AcquirerFacade {
					t.Error("another app's cache entry is gone")
				}
				broken.Store(false)
				if _, err := r.Refresh(t.Context(), web, token.PolicyIfExpired); err != nil {
					t.Errorf("the app's next refresh: %v", err)
				}
				close(release)
			})
		})
	}
}

// After a hanging source the next source is asked.
func TestChainGoesOnBehindAHungLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		hung := &link{name: token.SourceCLI, acquire: func(context.Context, token.Request) (token.Candidate, error) {
			<-release
			return token.Candidate{}, nil
		}}
		r := newResolver(nil, hung, login(token.SourceEnv, token.Record{Token: newToken(t)}))
		if res := mustGet(t, r, "web"); res.Source != token.SourceEnv {
			t.Errorf("source = %s, want env", res.Source)
		}
		close(release)
	})
}
