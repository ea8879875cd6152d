package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// errEnding is returned to whoever wants a lease while the provider ends.
var errEnding = errors.New("the provider is being stopped")

// leases are the tokens that this process minted and has yet to revoke. They
// outlive a session: a server may be configured more than once, and an engine
// whose run failed or was interrupted does not close what it opened.
type leases struct {
	// working counts the mints under way, and what becomes of them.
	working sync.WaitGroup
	// over is closed when the provider ends.
	over chan struct{}

	mu    sync.Mutex
	ended bool
	open  map[string]func(context.Context) error
}

func newLeases() *leases {
	return &leases{over: make(chan struct{}), open: make(map[string]func(context.Context) error)}
}

// take has a token minted. Mint runs to its end even if the caller leaves, since
// Fly would make the token all the same: it is then revoked as soon as it is
// there.
func (l *leases) take(ctx context.Context, mint func(context.Context) (token.Resolution, error)) (token.Resolution, error) {
	type outcome struct {
		res token.Resolution
		err error
	}
	if !l.begin() {
		return token.Resolution{}, errEnding
	}
	landed := make(chan outcome)
	go func() {
		defer l.working.Done()
		detached := context.WithoutCancel(ctx)
		var out outcome
		out.res, out.err = mint(detached)
		select {
		case landed <- out:
			return
		case <-ctx.Done():
		case <-l.over:
		}
		if out.err == nil {
			_, _ = l.revoke(detached, out.res.ID) // kept open where it fails
		}
	}()
	select {
	case out := <-landed:
		return out.res, out.err
	case <-ctx.Done():
		return token.Resolution{}, context.Cause(ctx)
	case <-l.over:
		return token.Resolution{}, errEnding
	}
}

// begin says whether there is still time to start something.
func (l *leases) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.working.Add(1)
	return true
}

// hold notes how to revoke a token that was minted.
func (l *leases) hold(id string, revoke func(context.Context) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[id] = revoke
}

// revoke revokes a token that is open, and reports whether it was. It stays open
// until Fly has said that it is revoked: one that is revoked twice is revoked.
func (l *leases) revoke(ctx context.Context, id string) (known bool, err error) {
	l.mu.Lock()
	revoke, known := l.open[id]
	l.mu.Unlock()
	if !known {
		return false, nil
	}
	if err := revoke(ctx); err != nil {
		return true, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, id)
	return true, nil
}

// keep leaves a token to whoever has it now: it is no longer open.
func (l *leases) keep(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, id)
}

// end revokes what is open, all at once, and waits for what is under way, both
// until ctx ends. The error names the tokens that are left by their identifiers.
func (l *leases) end(ctx context.Context) error {
	l.mu.Lock()
	if !l.ended {
		l.ended = true
		close(l.over)
	}
	open := l.ids()
	l.mu.Unlock()

	var revoking sync.WaitGroup
	for _, id := range open {
		revoking.Go(func() { _, _ = l.revoke(ctx, id) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		revoking.Wait()
		l.working.Wait()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if left := l.ids(); len(left) > 0 {
		return fmt.Errorf("provider: %d tokens could not be revoked, and are good until they expire: %v", len(left), left)
	}
	return nil
}

// ids lists what is open. The lock is held.
func (l *leases) ids() []string {
	return slices.Sorted(maps.Keys(l.open))
}
