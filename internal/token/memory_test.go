package token_test

import (
	"context"
	"sync"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// memory is a store without a disk. It behaves as the contract of [token.Store]
// says, and fails on demand.
type memory struct {
	mu          sync.Mutex
	generations map[string]token.Generation
	minted      map[token.Request]token.Record
	sequence    token.Sequence
	acquired    map[token.Request]token.Sequence
	misses      map[token.Request][]token.Attempt
	missed      map[token.Request]token.Sequence
	locks       map[string]chan struct{}
	manual      map[string]token.Record
	saves       int
	fail        error            // of every write
	onSave      func()           // called before a save, without the lock
	onManual    func() error     // called before a manual record is read
	noLock      error            // of every lock
	onRead      func() error     // called before a generation is read
	onDrop      func(app string) // called while an app is being invalidated
}

func newMemory() *memory {
	return &memory{
		generations: map[string]token.Generation{},
		minted:      map[token.Request]token.Record{},
		acquired:    map[token.Request]token.Sequence{},
		misses:      map[token.Request][]token.Attempt{},
		missed:      map[token.Request]token.Sequence{},
		locks:       map[string]chan struct{}{},
		manual:      map[string]token.Record{},
	}
}

func (m *memory) Generation(_ context.Context, app string) (token.Generation, error) {
	if m.onRead != nil {
		if err := m.onRead(); err != nil {
			return 0, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.generations[app], nil
}

func (m *memory) Sequence(context.Context) (token.Sequence, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sequence, nil
}

func (m *memory) Minted(_ context.Context, req token.Request) (token.Record, token.Sequence, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rec, ok := m.minted[req]
	if !ok {
		return token.Record{}, 0, token.ErrNoRecord
	}
	return rec, m.acquired[req], nil
}

func (m *memory) Lock(ctx context.Context, app string) (func(), error) {
	m.mu.Lock()
	gate := m.locks[app]
	if gate == nil {
		gate = make(chan struct{}, 1)
		m.locks[app] = gate
	}
	m.mu.Unlock()
	if m.noLock != nil {
		return nil, m.noLock
	}
	select {
	case gate <- struct{}{}:
		return func() { <-gate }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (m *memory) Misses(_ context.Context, req token.Request) ([]token.Attempt, token.Sequence, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.misses[req] == nil {
		return nil, 0, token.ErrNoRecord
	}
	return m.misses[req], m.missed[req], nil
}

func (m *memory) SaveMisses(_ context.Context, req token.Request, misses []token.Attempt) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sequence++
	m.misses[req], m.missed[req] = misses, m.sequence
	return nil
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
	m.sequence++
	m.minted[req], m.acquired[req] = rec, m.sequence
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
