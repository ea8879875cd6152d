package token_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// newToken mints a token that no other call returns, and that lives longer than
// any test looks.
func newToken(t testing.TB) token.Token {
	t.Helper()
	return newTokenUntil(t, time.Time{})
}

// newTokenUntil mints one that is good until end; for ever where that is zero.
func newTokenUntil(t testing.TB, end time.Time) token.Token {
	t.Helper()
	tok, err := token.Parse(fakefly.Token{Seed: rand.Text(), NotAfter: end}.Text())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// link is a source whose every call is counted.
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

// missing is a link that never has a token.
func missing(name token.SourceName) *link {
	return &link{name: name, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		return token.Candidate{}, &token.MissError{Reason: string(name) + " has none", Fix: "give it one"}
	}}
}

// login is a link that hands out one token, as it stands.
func login(name token.SourceName, rec token.Record) *link {
	return &link{name: name, acquire: func(context.Context, token.Request) (token.Candidate, error) {
		return token.Candidate{Record: rec}, nil
	}}
}

// minter is a link that mints a new token of the given life at every call, after
// a while.
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

// memory is a store without a disk. It behaves as the contract of [token.Store]
// says, and fails on demand.
type memory struct {
	mu          sync.Mutex
	generations map[string]token.Generation
	minted      map[token.Request]token.Record
	manual      map[string]token.Record
	saves       int
	fail        error            // of every write
	onSave      func()           // called before a save, without the lock
	onManual    func() error     // called before a manual record is read
	onLoad      func()           // called before a minted record is read
	onDrop      func(app string) // called while an app is being invalidated
}

func newMemory() *memory {
	return &memory{
		generations: map[string]token.Generation{},
		minted:      map[token.Request]token.Record{},
		manual:      map[string]token.Record{},
	}
}

func (m *memory) Generation(_ context.Context, app string) (token.Generation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.generations[app], nil
}

func (m *memory) Minted(_ context.Context, req token.Request) (token.Record, error) {
	if m.onLoad != nil {
		m.onLoad()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.minted[req]
	if !ok {
		return token.Record{}, token.ErrNoRecord
	}
	return rec, nil
}

func (m *memory) SaveMinted(_ context.Context, req token.Request, rec token.Record, gen token.Generation) error {
	if m.onSave != nil {
		m.onSave()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if m.generations[req.App] != gen {
		return token.ErrSuperseded
	}
	m.saves++
	m.minted[req] = rec
	return nil
}

func (m *memory) RemoveMinted(_ context.Context, req token.Request, fingerprint string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.minted[req].Token.Fingerprint() == fingerprint {
		delete(m.minted, req)
	}
	return nil
}

func (m *memory) Invalidate(_ context.Context, app string) error {
	if m.onDrop != nil {
		m.onDrop(app)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.generations[app]++
	for req := range m.minted {
		if req.App == app {
			delete(m.minted, req)
		}
	}
	return nil
}

func (m *memory) Manual(_ context.Context, app string) (token.Record, error) {
	if m.onManual != nil {
		if err := m.onManual(); err != nil {
			return token.Record{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.manual[app]
	if !ok {
		return token.Record{}, token.ErrNoRecord
	}
	return rec, nil
}

func (m *memory) CreateManual(ctx context.Context, app string, rec token.Record) (token.Record, error) {
	m.mu.Lock()
	old, ok := m.manual[app]
	m.mu.Unlock()
	switch {
	case ok && old.Token == rec.Token:
		return old, nil
	case ok:
		return token.Record{}, token.ErrManualExists
	}
	return rec, m.SetManual(ctx, app, rec)
}

func (m *memory) SetManual(_ context.Context, app string, rec token.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.manual[app] = rec
	return nil
}

func (m *memory) DeleteManual(_ context.Context, app, fingerprint string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.manual[app]
	switch {
	case !ok:
		return token.ErrNoRecord
	case rec.Token.Fingerprint() != fingerprint:
		return token.ErrManualChanged
	}
	delete(m.manual, app)
	return nil
}

// storageLink and manualLink read a store as the real links do.
func storageLink(m *memory) *link {
	return &link{name: token.SourceStorage, acquire: func(ctx context.Context, req token.Request) (token.Candidate, error) {
		rec, err := m.Minted(ctx, req)
		return token.Candidate{Record: rec, Minted: true}, err
	}}
}

func manualLink(m *memory) *link {
	return &link{name: token.SourceManual, acquire: func(ctx context.Context, req token.Request) (token.Candidate, error) {
		rec, err := m.Manual(ctx, req.App)
		return token.Candidate{Record: rec}, err
	}}
}

// anyAccess takes every token to prove every access.
type anyAccess struct{}

func (anyAccess) Timeout() time.Duration { return time.Second }

func (anyAccess) Narrow(_ context.Context, _ token.Request, c token.Candidate) (token.Candidate, error) {
	return c, nil
}

// newResolver makes a resolver over the links, with the lifetimes that the
// provider has by default.
func newResolver(m *memory, links ...token.Source) *token.Resolver {
	o := token.Options{Sources: links, TokenTTL: 24 * time.Hour, MinValidity: time.Hour, Narrower: anyAccess{}}
	if m != nil {
		o.Store = m
	}
	return token.New(o)
}

func mustGet(t *testing.T, r *token.Resolver, app string) token.Resolution {
	t.Helper()
	res, err := r.Get(t.Context(), token.Request{App: app})
	if err != nil {
		t.Fatalf("Get(%s): %v", app, err)
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
