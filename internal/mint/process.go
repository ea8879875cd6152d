package mint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// errEnding is returned to a caller that requests a token while the provider
// ends.
var errEnding = errors.New("the provider is being stopped")

// Process keeps the tokens that one provider process minted and must still
// revoke or deliver. It outlives a session, because a server may be configured
// more than once. Also, an engine does not close its tokens after a failed or
// interrupted run.
type Process struct {
	// working counts the mints under way and their follow-up calls.
	working sync.WaitGroup
	// over is closed when the provider ends.
	over chan struct{}

	mu    sync.Mutex
	ended bool
	// open holds the functions that revoke tokens, by Fly's identifier.
	open map[string]func(context.Context) error
	// given are called when the provider ends. The engine has these tokens.
	given []func(context.Context)
}

// NewProcess returns a process that has minted nothing.
func NewProcess() *Process {
	return &Process{over: make(chan struct{}), open: make(map[string]func(context.Context) error)}
}

// take mints. It runs to its end even if the caller leaves, because Fly would
// make the token anyway. It then revokes the token at once.
func (p *Process) take(ctx context.Context, mint func(context.Context) (token.Candidate, error)) (token.Candidate, error) {
	type outcome struct {
		c   token.Candidate
		err error
	}
	if !p.begin() {
		return token.Candidate{}, errEnding
	}
	done := make(chan outcome)
	go func() {
		defer p.working.Done()
		detached := context.WithoutCancel(ctx)
		var out outcome
		out.c, out.err = mint(detached)
		select {
		case done <- out:
			return
		case <-ctx.Done():
		case <-p.over:
		}
		if out.err == nil {
			_, _ = p.revoke(detached, out.c.ID) // stays open if it fails
		}
	}()
	select {
	case out := <-done:
		return out.c, out.err
	case <-ctx.Done():
		return token.Candidate{}, context.Cause(ctx)
	case <-p.over:
		return token.Candidate{}, errEnding
	}
}

// begin reports whether a mint may still start.
func (p *Process) begin() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.working.Add(1)
	return true
}

// hold records the function that revokes a minted token.
func (p *Process) hold(id string, revoke func(context.Context) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[id] = revoke
}

// revoke revokes an open token, and reports whether it was open. The token
// stays open until Fly has confirmed the revocation.
func (p *Process) revoke(ctx context.Context, id string) (known bool, err error) {
	p.mu.Lock()
	revoke, known := p.open[id]
	p.mu.Unlock()
	if !known {
		return false, nil
	}
	if err := revoke(ctx); err != nil {
		return true, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, id)
	return true, nil
}

// keep leaves a token to the engine. deliver is called when the provider ends
// normally.
func (p *Process) keep(id string, deliver func(context.Context)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, id)
	p.given = append(p.given, deliver)
}

// End concurrently revokes the open tokens and records the delivered ones. It
// waits for the mints under way until ctx ends. The error holds the identifiers
// of the tokens that are still live.
func (p *Process) End(ctx context.Context) error {
	p.mu.Lock()
	if !p.ended {
		p.ended = true
		close(p.over)
	}
	open, given := p.ids(), p.given
	p.given = nil
	p.mu.Unlock()

	var ending sync.WaitGroup
	for _, id := range open {
		ending.Go(func() { _, _ = p.revoke(ctx, id) })
	}
	for _, deliver := range given {
		ending.Go(func() { deliver(ctx) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ending.Wait()
		p.working.Wait()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if left := p.ids(); len(left) > 0 {
		return fmt.Errorf("provider: cannot revoke %d tokens, which stay valid until they expire: %v", len(left), left)
	}
	return nil
}

// ids lists the open tokens. The caller holds the lock.
func (p *Process) ids() []string {
	return slices.Sorted(maps.Keys(p.open))
}
