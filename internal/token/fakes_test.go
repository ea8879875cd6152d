package token_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// newToken mints a unique token that outlives every test.
func newToken(t testing.TB) token.Token {
	t.Helper()
	return newTokenUntil(t, time.Time{})
}

// newTokenUntil mints one that is valid until end, or forever if end is zero.
func newTokenUntil(t testing.TB, end time.Time) token.Token {
	t.Helper()
	tok, err := token.Parse(fakefly.Token{Seed: rand.Text(), NotAfter: end}.Text())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// source is a source whose every call is counted.
type link struct {
	name    token.SourceName
	timeout time.Duration
	calls   atomic.Int64
	acquire func(ctx context.Context, req token.Request) (token.Candidate, error)
}

func (l *link) Name() token.SourceName { return l.name }

func (l *link) Timeout() time.Duration {
	if l.timeout == 0 {
		return 15 * time.Second
	}
	return l.timeout
}

func (l *link) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	l.calls.Add(1)
	return l.acquire(ctx, req)
}

// missing is a source that never has a token.
func missing(name token.SourceName) *link {
	return &link{name: name, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		return token.Candidate{}, &token.MissError{Reason: string(name) + " has none", Fix: "give it one"}
	}}
}

// login is a source that returns one token unchanged.
func login(name token.SourceName, rec token.Record) *link {
	return &link{name: name, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		return token.Candidate{Record: rec}, nil
	}}
}

// minter is a source that mints a new token of the given life at every call,
// after a delay.
func minter(t testing.TB, name token.SourceName, takes, life time.Duration) *link {
	t.Helper()
	return &link{name: name, acquire: func(ctx context.Context, _ token.Request) (token.Candidate, error) {
		if err := sleep(ctx, takes); err != nil {
			return token.Candidate{}, err
		}
		now := time.Now()
		return token.Candidate{Minted: true, Record: token.Record{
			Token: newToken(t), AcquiredAt: now, ExpiresAt: now.Add(life),
		}}, nil
	}}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// storageLink marks the position of storage, which the resolver reads by
// itself. manualLink reads a store like the real source.
func storageLink() *link {
	return &link{name: token.SourceStorage, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		return token.Candidate{}, errors.New("the resolver reads storage by itself")
	}}
}

func manualLink(m *memory) *link {
	return &link{name: token.SourceManual, acquire: func(ctx context.Context, req token.Request) (token.Candidate, error) {
		rec, err := m.Manual(ctx, req.App)
		return token.Candidate{Record: rec}, err
	}}
}

// anyAccess accepts every token as a proof of every access.
type anyAccess struct{}

func (anyAccess) Timeout() time.Duration { return time.Second }

func (anyAccess) Narrow(_ context.Context, _ token.Request, c token.Candidate) (token.Candidate, error) {
	return c, nil
}

// newResolver makes a resolver over the sources, with the provider's default
// lifetimes.
func newResolver(m *memory, links ...token.Source) *token.Resolver {
	o := token.Options{Sources: links, TokenTTL: 24 * time.Hour, MinValidity: time.Hour, Narrower: anyAccess{}}
	if m != nil {
		o.Store = m
	}
	return token.New(o)
}

func mustGet(t *testing.T, r *token.Resolver, app string) token.Resolution {
	t.Helper()
	res, err := r.Read(t.Context(), token.Request{App: app}, token.PolicyIfExpired)
	if err != nil {
		t.Fatalf("Read(%s): %v", app, err)
	}
	return res
}

func wantCalls(t *testing.T, l *link, want int64) {
	t.Helper()
	if got := l.calls.Load(); got != want {
		t.Errorf("calls of %s = %d, want %d", l.name, got, want)
	}
}

// appName names the n-th of many apps.
func appName(n int) string { return fmt.Sprintf("app-%d", n) }
