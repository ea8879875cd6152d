package remote

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Locker takes locks that exclude the other processes of one machine.
type Locker interface {
	// Claim waits for the lock until ctx ends.
	Claim(ctx context.Context, app string) (release func(), exclusive bool, err error)
}

// Shared is the common part of the backends on servers. A backend embeds it.
type Shared struct {
	owner string
	local Locker

	mu       sync.Mutex
	warned   map[string]bool
	warnings []token.Warning
}

// NewShared returns the common part of a backend. local lets only one process
// of a machine at a time ask the server for a claim. With nil, all of them ask.
func NewShared(local Locker) *Shared {
	return &Shared{owner: rand.Text(), local: local, warned: map[string]bool{}}
}

// Claim takes this machine's lock for app. It does not exclude processes on
// other machines. If the lock is not available, the lease in the document alone
// is enough.
func (s *Shared) Claim(ctx context.Context, app string) (release func(), exclusive bool, err error) {
	if s.local != nil {
		release, _, err := s.local.Claim(ctx, app)
		switch {
		case err == nil:
			return release, false, nil
		case ctx.Err() != nil:
			return nil, false, context.Cause(ctx)
		}
	}
	return func() {}, false, Ended(ctx)
}

// Owner identifies this process.
func (s *Shared) Owner() string { return s.owner }

// Alive is certain only about this process, because others may run on other
// machines.
func (s *Shared) Alive(_ context.Context, owner string) (alive, certain bool) {
	return owner == s.owner, owner == s.owner
}

// Warn keeps a warning until [Shared.Warnings] returns it. Of those with one
// summary, the first is kept.
func (s *Shared) Warn(summary, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.warned[summary] {
		s.warned[summary] = true
		s.warnings = append(s.warnings, token.Warning{Summary: summary, Detail: detail})
	}
}

// Warnings returns each warning once.
func (s *Shared) Warnings() []token.Warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	ws := slices.Clip(s.warnings)
	s.warnings = nil
	return ws
}
