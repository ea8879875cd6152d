package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// notebook is an observer that records each end with the enclosing step.
type notebook struct {
	mu    sync.Mutex
	lines []string
}

// within is the key of the context value with the enclosing step.
type within struct{}

func (n *notebook) begin(ctx context.Context, what string) (context.Context, func(string)) {
	if outer, ok := ctx.Value(within{}).(string); ok {
		what = outer + "/" + what
	}
	return context.WithValue(ctx, within{}, what), func(how string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.lines = append(n.lines, what+" "+how)
	}
}

func (n *notebook) Acquire(ctx context.Context, req token.Request, policy token.Policy) (context.Context, func(token.Acquisition)) {
	ctx, end := n.begin(ctx, req.App+string(policy))
	return ctx, func(a token.Acquisition) {
		end(fmt.Sprintf("%s %s coalesced=%t err=%t", a.Resolution.Source, a.Resolution.Acquirer, a.Coalesced, a.Err != nil))
	}
}

func (n *notebook) Cached(ctx context.Context, req token.Request, policy token.Policy, a token.Acquisition) {
	_, end := n.Acquire(ctx, req, policy)
	end(a)
}

func (n *notebook) Link(ctx context.Context, _ token.Request, name token.SourceName) (context.Context, func(token.Visit)) {
	ctx, end := n.begin(ctx, string(name))
	return ctx, func(v token.Visit) { end(fmt.Sprintf("%s err=%t", v.Verdict, v.Err != nil)) }
}

func (n *notebook) Wait(ctx context.Context, _ token.Request, what token.Wait) (context.Context, func(error)) {
	ctx, end := n.begin(ctx, string(what))
	return ctx, func(err error) { end(fmt.Sprintf("err=%t", err != nil)) }
}

// count returns the number of each line.
func (n *notebook) count() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := make(map[string]int)
	for _, line := range n.lines {
		lines[line]++
	}
	return lines
}

// limited is a source with one slot.
type limited struct{ *link }

func (limited) Slot(context.Context) (func(), error) { return func() {}, nil }

func newObserved(n *notebook, m *memory, v token.Verifier, links ...token.Source) *token.Resolver {
	o := token.Options{Sources: links, TokenTTL: 24 * time.Hour, MinValidity: time.Hour, Observer: n, Verifier: v}
	if m != nil {
		o.Store = m
	}
	return token.New(o)
}

func wantNotes(t *testing.T, n *notebook, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, n.count()); diff != "" {
		t.Errorf("noted (-want +got):\n%s", diff)
	}
}

// Of many concurrent callers one resolves in the group, with its sources, and
// the others share the result.
func TestObserverHerd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, m := &notebook{}, newMemory()
		cli := limited{minter(t, token.SourceCLI, time.Second, 24*time.Hour)}
		r := newObserved(n, m, nil, storageLink(), missing(token.SourceConfig), cli)
		read := func() (token.Resolution, error) { return r.Read(t.Context(), web, token.PolicyIfExpired) }
		herd(t, 100, func(int) (token.Resolution, error) { return read() })
		if _, err := read(); err != nil {
			t.Error(err)
		}
		wantNotes(t, n, map[string]int{
			"webif_expired/storage miss err=true":                  2, // before the claim, and after
			"webif_expired/config miss err=true":                   1,
			"webif_expired/slot err=false":                         1,
			"webif_expired/lock err=false":                         1,
			"webif_expired/cli hit err=false":                      1,
			"webif_expired cli group coalesced=false err=false":    1,
			"webif_expired cli group coalesced=true err=false":     99,
			"webif_expired cache facade coalesced=false err=false": 1,
		})
	})
}

// The verdict on each source's answer is reported, and so is a failure.
func TestObserverVerdicts(t *testing.T) {
	t.Parallel()
	record := func(life time.Duration) token.Record {
		return token.Record{Token: newToken(t), AcquiredAt: time.Now().Add(life - 2*time.Hour), ExpiresAt: time.Now().Add(life)}
	}
	revoked := record(20 * time.Hour)
	v := newFly()
	v.revoked[revoked.Token] = true
	panics := &link{name: token.SourceAPI, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		panic("a fault")
	}}
	for name, test := range map[string]struct {
		links []token.Source
		want  map[string]int
	}{
		"stale and expired": {
			[]token.Source{login(token.SourceConfig, record(10*time.Minute)), login(token.SourceEnv, record(-time.Minute))},
			map[string]int{
				"webif_rejected/config stale err=true":                  1,
				"webif_rejected/env expired err=true":                   1,
				"webif_rejected config group coalesced=false err=false": 1,
			},
		},
		"rejected": {
			[]token.Source{login(token.SourceConfig, revoked)},
			map[string]int{
				"webif_rejected/config rejected err=true":            1,
				"webif_rejected none group coalesced=false err=true": 1,
			},
		},
		"a panic": {
			[]token.Source{panics},
			map[string]int{
				"webif_rejected/api miss err=true":                   1,
				"webif_rejected none group coalesced=false err=true": 1,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &notebook{}
			_, err := newObserved(n, nil, v, test.links...).Refresh(t.Context(), web, token.PolicyIfRejected)
			var none *token.NoTokenError
			if err != nil && !errors.As(err, &none) {
				t.Errorf("Get: %v", err)
			}
			wantNotes(t, n, test.want)
		})
	}
}

// A remembered failure is reported as one from memory.
func TestObserverRememberedFailure(t *testing.T) {
	t.Parallel()
	n := &notebook{}
	run := newObserved(n, nil, nil, missing(token.SourceCLI))
	for range 2 {
		if _, err := run.Read(t.Context(), web, token.PolicyAlways); err == nil {
			t.Error("a token out of nothing")
		}
	}
	wantNotes(t, n, map[string]int{
		"webalways/cli miss err=true":                    1,
		"webalways none group coalesced=false err=true":  1,
		"webalways none facade coalesced=false err=true": 1,
	})
}
