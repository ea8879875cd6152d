package token_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// processes makes n runs, each with a separate resolver, over one store, like n
// provider processes.
func processes(m *memory, n int, links ...token.Source) []*token.Resolver {
	runs := make([]*token.Resolver, n)
	for i := range runs {
		runs[i] = newResolver(m, append([]token.Source{storageLink()}, links...)...)
	}
	return runs
}

// Fifty cold processes that ask for one app make one call, under every policy:
// a token that was acquired since a run began counts as that run's own.
func TestProcessesAcquireOnce(t *testing.T) {
	t.Parallel()
	for _, policy := range []token.Policy{token.PolicyIfExpired, token.PolicyIfRejected, token.PolicyAlways} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				cli := minter(t, token.SourceCLI, 10*time.Second, 24*time.Hour)
				runs := processes(m, 50, cli)
				got := herd(t, 50, func(i int) (token.Resolution, error) {
					return runs[i].Read(t.Context(), web, policy)
				})
				if len(got) != 1 {
					t.Errorf("%d different tokens, want one", len(got))
				}
				wantCalls(t, cli, 1)

				// A run that begins later bars it only under always.
				_, err := processes(m, 1, cli)[0].Read(t.Context(), web, policy)
				if err != nil {
					t.Error(err)
				}
				want := int64(1)
				if policy == token.PolicyAlways {
					want = 2
				}
				wantCalls(t, cli, want)
			})
		})
	}
}

// A waiter whose holder failed fails too. A run that begins later tries again.
func TestProcessesShareAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		cli := &link{name: token.SourceCLI, acquire: func(ctx context.Context, _ token.Request) (token.Candidate, error) {
			if err := sleep(ctx, 10*time.Second); err != nil {
				return token.Candidate{}, err
			}
			return token.Candidate{}, &token.MissError{Reason: "flyctl is not logged in", Fix: "log in"}
		}}
		env := missing(token.SourceEnv)
		runs := processes(m, 30, cli, env)
		var wg sync.WaitGroup
		for _, run := range runs {
			wg.Go(func() {
				_, err := run.Read(t.Context(), web, token.PolicyIfExpired)
				var failure *token.NoTokenError
				if !errors.As(err, &failure) || !strings.Contains(err.Error(), "\ncli: flyctl is not logged in: log in\nenv: ") {
					t.Errorf("error = %v, want the holder's", err)
				}
			})
		}
		wg.Wait()
		wantCalls(t, cli, 1)
		wantCalls(t, env, 30)
		if _, err := processes(m, 1, cli, env)[0].Read(t.Context(), web, token.PolicyIfExpired); err == nil {
			t.Error("no error")
		}
		wantCalls(t, cli, 2)
		// The cause was fixed, so the run's own memory and that of others are
		// dropped.
		if err := runs[0].Invalidate(t.Context(), "web"); err != nil {
			t.Fatal(err)
		}
		if _, err := runs[0].Read(t.Context(), web, token.PolicyIfExpired); err == nil {
			t.Error("no error")
		}
		wantCalls(t, cli, 3)
	})
}

// A source that fails slowly is asked once, even if a later source has a token
// for all.
func TestSlowMissBeforeAHit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		cli := &link{name: token.SourceCLI, acquire: func(ctx context.Context, _ token.Request) (token.Candidate, error) {
			<-ctx.Done()
			return token.Candidate{}, &token.MissError{Reason: "flyctl did not finish within 15s"}
		}}
		runs := processes(m, 10, cli, login(token.SourceEnv, token.Record{Token: newToken(t)}))
		got := herd(t, 10, func(i int) (token.Resolution, error) {
			return runs[i].Read(t.Context(), web, token.PolicyIfExpired)
		})
		if len(got) != 1 {
			t.Errorf("%d tokens, want one", len(got))
		}
		wantCalls(t, cli, 1)
	})
}

// A caller that leaves while it waits for the lock returns at once, and
// releases a lock that comes too late.
func TestWaitObservesTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		unlock, err := m.lock(t.Context(), "web")
		if err != nil {
			t.Fatal(err)
		}
		cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
		runs := processes(m, 2, cli)
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := runs[0].Read(ctx, web, token.PolicyIfExpired)
			left <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		unlock()
		synctest.Wait()
		if _, err := runs[1].Read(t.Context(), web, token.PolicyIfExpired); err != nil {
			t.Error(err)
		}
		wantCalls(t, cli, 1)
	})
}

// If the lock is not available, at all or in time, a warning follows, and the
// resolution continues without it.
func TestNoLock(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"refused", "held for ever"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				if name == "refused" {
					m.noLock = errors.New("locks are not supported")
				} else if _, err := m.lock(t.Context(), "web"); err != nil {
					t.Fatal(err)
				}
				cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
				res, err := processes(m, 1, cli)[0].Read(t.Context(), web, token.PolicyIfExpired)
				if err != nil || len(res.Warnings) != 1 || res.Warnings[0].Summary != "Fly Token Storage Cannot Be Locked" {
					t.Errorf("error %v, warnings %+v, want one about the lock", err, res.Warnings)
				}
				wantCalls(t, cli, 1)
			})
		})
	}
}
