package token_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// narrow is a source with this number of slots.
type narrow struct {
	*link
	slots chan struct{}
}

func (n narrow) Slot(ctx context.Context) (release func(), err error) {
	select {
	case n.slots <- struct{}{}:
		return func() { <-n.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A process whose calls queue for slots does not keep other processes from
// acquisitions that it has not begun.
func TestQueueHoldsNoLocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		slow := narrow{minter(t, token.SourceCLI, 10*time.Second, 24*time.Hour), make(chan struct{}, 1)}
		crowd := processes(m, 1, slow)[0]
		var wg sync.WaitGroup
		for n := range 100 {
			wg.Go(func() {
				if _, err := crowd.Read(t.Context(), token.Request{App: appName(n)}, token.PolicyIfExpired); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		quick := minter(t, token.SourceCLI, time.Second, 24*time.Hour)
		other := processes(m, 1, quick)[0]
		for n := range 100 {
			wg.Go(func() {
				res, err := other.Read(t.Context(), token.Request{App: appName(n)}, token.PolicyIfExpired)
				if err != nil || len(res.Warnings) > 0 {
					t.Errorf("error %v, warnings %v", err, res.Warnings)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("took %s: longer than one call of each", took)
		}
		if calls := slow.calls.Load() + quick.calls.Load(); calls != 100 {
			t.Errorf("%d calls, want one for each app", calls)
		}
	})
}

// Processes do not wait for each other for a source that does not mint, neither
// before the sources that mint, nor after these have failed for all. Each
// process checks the token with Fly, which does not answer.
func TestOthersAreAskedSideBySide(t *testing.T) {
	t.Parallel()
	failing := func() token.Source {
		return &link{name: token.SourceCLI, acquire: func(ctx context.Context, _ token.Request) (token.Candidate, error) {
			if err := sleep(ctx, 5*time.Second); err != nil {
				return token.Candidate{}, err
			}
			return token.Candidate{}, &token.MissError{Reason: "flyctl is not logged in"}
		}}
	}
	for name, links := range map[string]func(t *testing.T) []token.Source{
		"before": func(t *testing.T) []token.Source {
			t.Helper()
			return []token.Source{login(token.SourceConfig, token.Record{Token: newToken(t)}), failing()}
		},
		"after": func(t *testing.T) []token.Source {
			t.Helper()
			return []token.Source{failing(), login(token.SourceEnv, token.Record{Token: newToken(t)})}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				chain := append([]token.Source{storageLink()}, links(t)...)
				began := time.Now()
				var wg sync.WaitGroup
				for range 50 {
					run := verifying(m, silent{}, chain...)
					wg.Go(func() {
						res, err := run.Read(t.Context(), web, token.PolicyIfRejected)
						if err != nil || len(res.Warnings) > 0 {
							t.Errorf("error %v, warnings %v", err, res.Warnings)
						}
					})
				}
				wg.Wait()
				// One call of the CLI, one missing answer before the lock is
				// released, and one of all the others at once.
				if took := time.Since(began); took > 11*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

// silent is a Fly that does not answer within three seconds.
type silent struct{}

func (silent) Verify(ctx context.Context, _ token.Request, _ token.Token) error {
	return sleep(ctx, 3*time.Second)
}

// A token that another process acquired while this one waited is not checked
// with Fly. A later caller checks it.
func TestAcquiredMeanwhileIsNotShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, v := newMemory(), newFly()
		cli := minter(t, token.SourceCLI, 10*time.Second, 24*time.Hour)
		read := func() {
			run := verifying(m, v, storageLink(), cli)
			if _, err := run.Read(t.Context(), web, token.PolicyIfRejected); err != nil {
				t.Error(err)
			}
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(read)
		}
		wg.Wait()
		if len(v.shown) != 0 {
			t.Errorf("%d tokens were shown, want none", len(v.shown))
		}
		read()
		if len(v.shown) != 1 {
			t.Errorf("%d tokens were shown, want the one stored", len(v.shown))
		}
		wantCalls(t, cli, 1)
	})
}

// A source that was asked twice has one line, in its position, with the fault
// of the removed token.
func TestRejectedWhileTheLockIsTaken(t *testing.T) {
	t.Parallel()
	m, v := newMemory(), newFly()
	old := mustGet(t, verifying(m, v, storageLink(), minter(t, token.SourceCLI, 0, 24*time.Hour)), "web")
	v.revoked[old.Token] = true
	r := verifying(m, v, storageLink(), missing(token.SourceConfig), missing(token.SourceCLI))
	_, err := r.Refresh(t.Context(), web, token.PolicyIfRejected)
	var failure *token.NoTokenError
	if !errors.As(err, &failure) || len(failure.Attempts) != 3 || failure.Attempts[0].Source != token.SourceStorage ||
		!errors.Is(failure.Attempts[0].Err, token.ErrRejected) {
		t.Errorf("error = %v, want three lines, the first of which tells of the rejection", err)
	}
}
