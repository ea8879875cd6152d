package token_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// modelOperations is the number of the model's operations; `make model` runs
// more.
var modelOperations = flag.Int64("model", 50_000, "operations of the resolver's model")

// model drives two resolvers, as two processes on one storage, and knows which
// tokens a call must not return.
type model struct {
	t         *testing.T
	shared    bool // whether the apps share the tokens of two organizations
	store     *memory
	resolvers [2]*token.Resolver
	clock     atomic.Int64
	left      atomic.Int64

	mu sync.Mutex
	// returned is the time at which a token was first returned to a caller.
	returned map[token.Token]int64
	// floors hold, for each resolver and request, the beginning of the latest
	// finished call that barred everything before it.
	floors [2]map[token.Request]int64
}

// No call returns a token that was returned before an Invalidate or a
// Refresh(always) of the same resolver began which ended before the call, and no
// Refresh(always) returns a token that anyone held when it was called.
func TestModelReturnsNoBarredToken(t *testing.T) {
	t.Parallel()
	runModel(t, false)
}

// The same if apps share the tokens of their organizations, and an Invalidate is that of
// an organization, too.
func TestModelReturnsNoBarredSharedToken(t *testing.T) {
	t.Parallel()
	runModel(t, true)
}

func runModel(t *testing.T, shared bool) {
	t.Helper()
	m := &model{t: t, shared: shared, store: newMemory(), returned: map[token.Token]int64{}}
	for i := range m.resolvers {
		m.floors[i] = map[token.Request]int64{}
		m.resolvers[i] = newResolver(m.store, storageLink(), m.unsteady())
		if shared {
			m.resolvers[i] = sharing(m.store, &directory{moved: map[string]string{appName(0): "globex"}}, storageLink(), m.unsteady())
		}
	}
	m.left.Store(*modelOperations)
	seed := uint64(time.Now().UnixNano())
	var workers sync.WaitGroup
	for i := range uint64(8) {
		workers.Go(func() {
			random := rand.New(rand.NewPCG(seed, i))
			for m.left.Add(-1) >= 0 && !t.Failed() {
				m.step(random)
			}
		})
	}
	workers.Wait()
	if len(m.returned) < 100 {
		t.Errorf("only %d tokens were returned: the model tests little", len(m.returned))
	}
	t.Logf("seed %d, %d tokens", seed, len(m.returned))
}

// unsteady mints, and sometimes panics, misses, or lets others go first.
func (m *model) unsteady() *link {
	mint := minter(m.t, token.SourceCLI, 0, 24*time.Hour)
	acquire := mint.acquire
	mint.acquire = func(ctx context.Context, req token.Request) (token.Candidate, error) {
		switch rand.N(20) {
		case 0:
			panic("the model's panic")
		case 1:
			return token.Candidate{}, errors.New("the model's miss")
		}
		for range rand.N(5) {
			runtime.Gosched()
		}
		return acquire(ctx, req)
	}
	return mint
}

// step makes one call of a random resolver and judges what it returns.
func (m *model) step(random *rand.Rand) {
	at := random.IntN(2)
	req := token.Request{App: appName(random.IntN(3))}
	if random.IntN(3) == 0 {
		req.Access = token.AccessReadOnly
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if random.IntN(5) == 0 {
		go cancel()
	}
	r := m.resolvers[at]
	floor, began := m.begin(at, req)
	switch kind := random.IntN(10); {
	case kind < 5:
		m.judge(floor, "Get")(r.Read(ctx, req, token.PolicyIfExpired))
	case kind < 8:
		policy := []token.Policy{token.PolicyIfExpired, token.PolicyIfRejected}[random.IntN(2)]
		m.judge(floor, "Refresh")(r.Refresh(ctx, req, policy))
	case kind < 9:
		res, err := r.Refresh(ctx, req, token.PolicyAlways)
		m.judge(began, "Refresh(always)")(res, err)
		if err == nil {
			m.raise(at, req, began)
		}
	case m.shared && req.Access == token.AccessAny:
		of := map[bool]string{true: "globex", false: "acme"}[req.App == appName(0)]
		if r.Invalidate(ctx, token.Request{Organization: of}.Place()) == nil {
			for n := range 3 {
				if (n == 0) == (of == "globex") {
					m.raise(at, token.Request{App: appName(n)}, began)
				}
			}
		}
	case r.Invalidate(ctx, req.App) == nil:
		m.raise(at, token.Request{App: req.App, Access: token.AccessReadOnly}, began)
		if !m.shared {
			m.raise(at, token.Request{App: req.App}, began)
		}
	}
}

// begin returns what bars a call that begins now, and the time.
func (m *model) begin(at int, req token.Request) (floor, began int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.floors[at][req], m.clock.Add(1)
}

func (m *model) raise(at int, req token.Request, began int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.floors[at][req] = max(m.floors[at][req], began)
}

// judge fails the test if a token was returned before the floor.
func (m *model) judge(floor int64, call string) func(token.Resolution, error) {
	return func(res token.Resolution, err error) {
		if err != nil {
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		first, known := m.returned[res.Token]
		if !known {
			first = m.clock.Add(1)
			m.returned[res.Token] = first
		}
		if first <= floor {
			m.t.Errorf("%s from %s returned a token of time %d, and the bar is at %d", call, res.Source, first, floor)
		}
	}
}
