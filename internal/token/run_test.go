package token_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// One line for each source, with advice, and each source's error for errors.As.
func TestNoTokenError(t *testing.T) {
	t.Parallel()
	cause := errors.New("exec: not found")
	cli := &link{name: token.SourceCLI, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		return token.Candidate{}, fmt.Errorf("wrapped:\n %w", &token.MissError{
			Reason: "no fly on PATH", Fix: "install flyctl, or set cli.path", Cause: cause,
		})
	}}
	_, err := newResolver(nil, missing(token.SourceConfig), cli).Read(t.Context(), web, token.PolicyIfExpired)
	want := "no token for app \"web\"\nconfig: config has none: give it one\ncli: wrapped: no fly on PATH: install flyctl, or set cli.path"
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	var miss *token.MissError
	if !errors.Is(err, cause) || !errors.As(err, &miss) {
		t.Error("the links' errors are out of reach")
	}
}

// Within a run a failure is returned again from memory for the same request,
// until something changes that may end it.
func TestFailuresAreRemembered(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]func(*token.Resolver) error{
		"SetManual": func(run *token.Resolver) error {
			_, err := run.SetManual(context.Background(), "web", newToken(t))
			return err
		},
		"CreateManual": func(run *token.Resolver) error {
			_, err := run.CreateManual(context.Background(), "web", newToken(t))
			return err
		},
		"Invalidate": func(run *token.Resolver) error { return run.Invalidate(context.Background(), "web") },
		"Refresh": func(run *token.Resolver) error {
			_, err := run.Refresh(context.Background(), web, token.PolicyIfExpired)
			if err == nil {
				return errors.New("no error")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				cli := &link{name: token.SourceCLI, acquire: func(ctx context.Context, _ token.Request) (token.Candidate, error) {
					<-ctx.Done()
					return token.Candidate{}, &token.MissError{Reason: "flyctl did not finish within 15s"}
				}}
				run := newResolver(m, cli, manualLink(m))
				start := time.Now()
				for range 10 {
					errs := make(chan error, 10)
					for range 10 {
						go func() {
							_, err := run.Read(t.Context(), web, token.PolicyAlways)
							errs <- err
						}()
					}
					for range 10 {
						if err := <-errs; err == nil || !strings.Contains(err.Error(), "did not finish") {
							t.Errorf("error = %v", err)
						}
					}
				}
				wantCalls(t, cli, 1)
				if took := time.Since(start); took != 15*time.Second {
					t.Errorf("a hundred readers of a hung link took %s of its time, want one deadline", took)
				}
				if err := act(run); err != nil {
					t.Fatal(err)
				}
				before := cli.calls.Load()
				_, err := run.Read(t.Context(), web, token.PolicyAlways)
				wantCalls(t, cli, before+1)
				if wantToken := len(m.manual) == 1; (err == nil) != wantToken {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
}

// One plan re-acquires a request once, whatever the policies of its readers; the
// next run does so again.
func TestRunReadsOncePerRequest(t *testing.T) {
	t.Parallel()
	for _, first := range []token.Policy{token.PolicyAlways, token.PolicyIfExpired} {
		t.Run(string(first), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
				for n := range int64(3) {
					run := newResolver(m, storageLink(), cli)
					got := herd(t, 100, func(i int) (token.Resolution, error) {
						policy := first
						if i%2 == 1 {
							time.Sleep(time.Millisecond)
							policy = token.PolicyIfExpired
						}
						return run.Read(t.Context(), web, policy)
					})
					if len(got) != 1 {
						t.Errorf("%d tokens in one run, want one", len(got))
					}
					want := int64(1)
					if first == token.PolicyAlways {
						want = n + 1
					}
					wantCalls(t, cli, want)
				}
			})
		})
	}
}

// A stale token as the last resort is not acquired again for each reader.
func TestRunRemembersTheLastResort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := missing(token.SourceCLI)
		rec := token.Record{Token: newToken(t), ExpiresAt: time.Now().Add(5 * time.Minute)}
		run := newResolver(nil, cli, login(token.SourceEnv, rec))
		for range 10 {
			if res, err := run.Read(t.Context(), web, token.PolicyIfExpired); err != nil || !res.Stale {
				t.Errorf("stale %t, error %v", res.Stale, err)
			}
		}
		wantCalls(t, cli, 1)
		time.Sleep(6 * time.Minute)
		for range 10 {
			if _, err := run.Read(t.Context(), web, token.PolicyIfExpired); !errors.Is(err, token.ErrExpired) {
				t.Errorf("after its expiry: %v, want ErrExpired", err)
			}
		}
		wantCalls(t, cli, 2)
	})
}

// A reader that leaves adds no failure to the run's memory.
func TestRunForgetsWhoLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cli := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
		run := newResolver(nil, cli)
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := run.Read(ctx, web, token.PolicyIfExpired)
			left <- err
		}()
		synctest.Wait()
		stays := make(chan error, 1)
		go func() {
			_, err := run.Read(t.Context(), web, token.PolicyIfExpired)
			stays <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		if err := <-stays; err != nil {
			t.Errorf("who stayed: %v", err)
		}
	})
}
