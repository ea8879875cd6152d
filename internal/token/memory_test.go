package token_test

import (
	"context"
	"sync"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// memory is a store in memory. It fulfils the contract of [token.Store], and
// fails on demand.
type memory struct {
	mu          sync.Mutex
	generations map[string]token.Generation
	minted      map[token.Request]token.Record
	sequence    token.Sequence
	acquired    map[token.Request]token.Sequence
	misses      map[token.Request][]token.Attempt
	missed      map[token.Request]token.Sequence
	announced   map[string]token.Mint
	locks       map[string]chan struct{}
	manual      map[string]token.Record
	belongs     map[string]string // app → organization
	saves       int
	loads       int
	numbers     int              // calls of Sequence
	fail        error            // of every write
	onSave      func()           // called before a save, without the lock
	onManual    func() error     // called before a manual record is read
	noLock      error            // of every claim
	lose        bool             // every claim is lost before its save
	onRead      func() error     // called before a state is read
	onDrop      func(app string) // called before an app is invalidated
	onDropped   func()           // called after an app was invalidated, once
}

func newMemory() *memory {
	return &memory{
		generations: map[string]token.Generation{},
		minted:      map[token.Request]token.Record{},
		acquired:    map[token.Request]token.Sequence{},
		misses:      map[token.Request][]token.Attempt{},
		missed:      map[token.Request]token.Sequence{},
		announced:   map[string]token.Mint{},
		locks:       map[string]chan struct{}{},
		manual:      map[string]token.Record{},
		belongs:     map[string]string{},
	}
}

func (m *memory) Sequence(context.Context) (token.Sequence, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.numbers++
	return m.sequence, nil
}

func (m *memory) Load(_ context.Context, req token.Request) (token.Stored, error) {
	if m.onRead != nil {
		if err := m.onRead(); err != nil {
			return token.Stored{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	return m.stored(req, ""), nil
}

// stored is the content for req, without the mint of that name.
func (m *memory) stored(req token.Request, but string) token.Stored {
	s := token.Stored{
		Generation: m.generations[req.Place()], Record: m.minted[req], Sequence: m.acquired[req],
		Misses: m.misses[req], MissesAt: m.missed[req], Organization: m.belongs[req.App],
	}
	for name, one := range m.announced {
		if name != but && one.Request.Place() == req.Place() {
			s.Announced = append(s.Announced, one)
		}
	}
	return s
}

// lock excludes others from the app until unlock is called.
func (m *memory) lock(ctx context.Context, app string) (unlock func(), err error) {
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

func (m *memory) Claim(ctx context.Context, req token.Request) (token.Claim, error) {
	unlock, err := m.lock(ctx, req.Place())
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &memoryClaim{memory: m, req: req, name: token.MintName(req), unlock: unlock}
	m.announced[c.name] = token.Mint{Request: req, Name: c.name, Kind: token.MintSource}
	c.stored = m.stored(req, c.name)
	return c, nil
}

// memoryClaim is a claim on an app in memory.
type memoryClaim struct {
	*memory
	req    token.Request
	name   string
	stored token.Stored
	unlock func()
}

func (c *memoryClaim) Stored() token.Stored { return c.stored }

func (c *memoryClaim) MintName() string { return c.name }

func (c *memoryClaim) Save(ctx context.Context, rec token.Record) error {
	defer c.unlock()
	if c.lose {
		return token.ErrClaimLost
	}
	err := c.memory.Save(ctx, c.req, rec, c.stored.Generation)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.announced, c.name)
	return err
}

func (c *memoryClaim) Release(_ context.Context, misses []token.Attempt, uncertain bool) error {
	defer c.unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(misses) > 0 {
		c.sequence++
		c.misses[c.req], c.missed[c.req] = misses, c.sequence
	}
	if !uncertain {
		delete(c.announced, c.name)
	}
	return nil
}

func (m *memory) Save(_ context.Context, req token.Request, rec token.Record, gen token.Generation) error {
	if m.onSave != nil {
		m.onSave()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if m.generations[req.Place()] != gen {
		return token.ErrSuperseded
	}
	m.saves++
	m.sequence++
	m.minted[req], m.acquired[req] = rec, m.sequence
	return nil
}

func (m *memory) Remove(_ context.Context, req token.Request, fingerprint string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.minted[req].Token.Fingerprint() == fingerprint {
		delete(m.minted, req)
	}
	return nil
}

func (m *memory) Invalidate(ctx context.Context, place string) error {
	err := m.invalidate(ctx, place)
	if dropped := m.onDropped; dropped != nil {
		m.onDropped = nil
		dropped()
	}
	return err
}

func (m *memory) invalidate(_ context.Context, place string) error {
	if m.onDrop != nil {
		m.onDrop(place)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.generations[place]++
	for req := range m.minted {
		if req.Place() == place {
			delete(m.minted, req)
		}
	}
	return nil
}

func (m *memory) SetOrganization(_ context.Context, app, slug string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.belongs[app] = slug
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
