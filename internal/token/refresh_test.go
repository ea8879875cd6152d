package token_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Invalidate drops cached and stored tokens for every access, and keeps the
// manual token.
func TestInvalidate(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	r := newResolver(m, storageLink(), cli)
	if _, err := r.SetManual(t.Context(), "web", newToken(t)); err != nil {
		t.Fatal(err)
	}
	readonly := token.Request{App: "web", Access: token.AccessReadOnly}
	for _, req := range []token.Request{web, readonly} {
		if _, err := r.Read(t.Context(), req, token.PolicyIfExpired); err != nil {
			t.Fatal(err)
		}
	}
	mustGet(t, r, "other")
	if err := r.Invalidate(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if len(m.minted) != 1 || len(m.manual) != 1 {
		t.Errorf("%d minted and %d manual records are left, want the other app's and the manual one", len(m.minted), len(m.manual))
	}
	for _, req := range []token.Request{web, readonly} {
		if res, err := r.Read(t.Context(), req, token.PolicyIfExpired); err != nil || res.Source != token.SourceCLI {
			t.Errorf("after Invalidate: source %s, error %v, want a new token", res.Source, err)
		}
	}
	wantCalls(t, cli, 5)
}

// Only its waiters get the token of a flight that was under way when Invalidate
// was called.
func TestFlightUnderWayIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
		r := newResolver(m, storageLink(), cli)
		waiter := make(chan token.Token, 1)
		go func() { waiter <- mustGet(t, r, "web").Token }()
		synctest.Wait()
		if err := r.Invalidate(t.Context(), "web"); err != nil {
			t.Fatal(err)
		}
		old := <-waiter
		if m.saves != 0 {
			t.Error("the superseded flight wrote to storage")
		}
		if res := mustGet(t, r, "web"); res.Token == old || res.Source != token.SourceCLI {
			t.Errorf("after Invalidate: source %s, the superseded token %t", res.Source, res.Token == old)
		}
	})
}

// A flight that starts during Invalidate and reads the old record does not put
// it into the cache.
func TestFlightStartedMeanwhileIsNotKept(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	old := mustGet(t, newResolver(m, storageLink(), cli), "web")
	r := newResolver(m, storageLink(), cli)
	m.onDrop = func(string) { mustGet(t, r, "web") }
	if err := r.Invalidate(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if res := mustGet(t, r, "web"); res.Token == old.Token {
		t.Error("the invalidated token is handed out again")
	}
}

// The same for a different process, which sees only the generation.
func TestInvalidateInAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
		here := newResolver(m, storageLink(), cli)
		there := newResolver(m, storageLink(), cli)
		waiter := make(chan token.Token, 1)
		go func() { waiter <- mustGet(t, here, "web").Token }()
		synctest.Wait()
		if err := there.Invalidate(t.Context(), "web"); err != nil {
			t.Fatal(err)
		}
		old := <-waiter
		if res := mustGet(t, here, "web"); res.Token == old {
			t.Error("the superseded token was kept")
		}
		if m.saves != 1 {
			t.Errorf("saves = %d, want only the second acquisition's", m.saves)
		}
	})
}

// The tokens that each policy bars, for a stored token of each kind.
func TestRefreshPolicies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		policy token.Policy
		age    time.Duration
		want   token.SourceName
	}{
		"if_expired keeps a fresh one":    {token.PolicyIfExpired, time.Hour, token.SourceStorage},
		"if_expired replaces a stale one": {token.PolicyIfExpired, 23*time.Hour + 30*time.Minute, token.SourceCLI},
		"if_expired replaces an old one":  {token.PolicyIfExpired, 25 * time.Hour, token.SourceCLI},
		"always replaces a fresh one":     {token.PolicyAlways, time.Hour, token.SourceCLI},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
				old := mustGet(t, newResolver(m, storageLink(), cli), "web")
				time.Sleep(tc.age)
				r := newResolver(m, storageLink(), cli)
				res, err := r.Refresh(t.Context(), web, tc.policy)
				if err != nil || res.Source != tc.want {
					t.Fatalf("source %s, error %v, want %s", res.Source, err, tc.want)
				}
				if same := res.Token == old.Token; same != (tc.want == token.SourceStorage) {
					t.Errorf("same token: %t", same)
				}
				if got := m.minted[web].Token; got != res.Token {
					t.Error("storage does not hold the token that was handed out")
				}
				if next := mustGet(t, r, "web"); next.Token != res.Token || next.Acquirer != token.AcquirerFacade {
					t.Error("the refreshed token is not cached")
				}
			})
		})
	}
}

// A failed refresh replaces nothing, and returns no barred token, then or
// later.
func TestFailedRefresh(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	good := cli.acquire
	r := newResolver(m, storageLink(), cli)
	old := mustGet(t, r, "web")
	cli.acquire = missing(token.SourceCLI).acquire
	var failure *token.NoTokenError
	if _, err := r.Refresh(t.Context(), web, token.PolicyAlways); !errors.As(err, &failure) {
		t.Fatalf("error = %v, want a NoTokenError", err)
	}
	if m.minted[web].Token != old.Token {
		t.Error("the stored token was replaced by nothing")
	}
	if _, err := r.Read(t.Context(), web, token.PolicyIfExpired); err == nil {
		t.Error("the barred token was handed out by a later Get")
	}
	if res, err := r.Refresh(t.Context(), web, token.PolicyIfExpired); err == nil {
		t.Errorf("the barred token was handed out by a later Refresh, from %s", res.Source)
	}
	cli.acquire = good
	if res := mustGet(t, r, "web"); res.Token == old.Token {
		t.Error("the barred token was handed out")
	}
}

// Concurrent refreshes share one acquisition. A Read that starts after them
// waits for it and ignores the cache.
func TestConcurrentRefreshes(t *testing.T) {
	t.Parallel()
	for _, policy := range []token.Policy{token.PolicyIfExpired, token.PolicyAlways} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
				r := newResolver(nil, cli)
				old := mustGet(t, r, "web")
				got := herd(t, 1000, func(i int) (token.Resolution, error) {
					if i%2 == 0 {
						time.Sleep(time.Millisecond)
						return r.Read(t.Context(), web, token.PolicyIfExpired)
					}
					return r.Refresh(t.Context(), web, policy)
				})
				if len(got) != 1 || got[old.Token] != 0 {
					t.Errorf("%d tokens, %d of them the barred one, want one new token", len(got), got[old.Token])
				}
				wantCalls(t, cli, 2)
			})
		})
	}
}

// A flight that started before Refresh(always) may hold a barred token: the
// refresh does not share it, and the flight overwrites nothing.
func TestRefreshOvertakesAGet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var calls atomic.Int64
		cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
		mint := cli.acquire
		cli.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
			c, err := mint(ctx, req)
			if calls.Add(1) == 1 {
				// Minted, but slow to return: the second one overtakes it.
				time.Sleep(10 * time.Second)
			}
			return c, err
		}
		r := newResolver(m, storageLink(), cli)
		slow := make(chan token.Token, 1)
		go func() { slow <- mustGet(t, r, "web").Token }()
		synctest.Wait()
		res, err := r.Refresh(t.Context(), web, token.PolicyAlways)
		if err != nil {
			t.Fatal(err)
		}
		if old := <-slow; old == res.Token {
			t.Error("the refresh shared the flight that began before it")
		}
		if m.minted[web].Token != res.Token {
			t.Error("the overtaken flight overwrote the refreshed token in storage")
		}
		if next := mustGet(t, r, "web"); next.Token != res.Token {
			t.Error("the overtaken flight overwrote the refreshed token in the cache")
		}
	})
}

// A conditional refresh shares the walk of a Get that is under way.
func TestConditionalRefreshJoinsAGet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
		r := newResolver(nil, cli)
		got := herd(t, 2, func(i int) (token.Resolution, error) {
			if i == 0 {
				return r.Read(t.Context(), web, token.PolicyIfExpired)
			}
			time.Sleep(time.Millisecond)
			return r.Refresh(t.Context(), web, token.PolicyIfExpired)
		})
		if len(got) != 1 {
			t.Errorf("%d tokens, want one", len(got))
		}
		wantCalls(t, cli, 1)
	})
}

// Repeated reads, in any process, return the same token while it is fresh.
func TestReadsChangeNothing(t *testing.T) {
	t.Parallel()
	m := newMemory()
	cli := minter(t, token.SourceCLI, 0, 24*time.Hour)
	var first token.Resolution
	for i := range 5 {
		run := newResolver(m, storageLink(), cli)
		res, err := run.Read(t.Context(), web, token.PolicyIfExpired)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = res
		}
		if res.Record != first.Record {
			t.Errorf("run %d: another record than at first", i)
		}
	}
	wantCalls(t, cli, 1)
}
