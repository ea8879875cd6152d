package mint

import (
	"context"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Journal keeps announced mints beyond the process, each at the
// [token.Request.Place] of its request. Its methods are safe for
// concurrent use, and a change is durable when they return.
type Journal interface {
	// Announce records a mint before Fly is asked for it.
	Announce(ctx context.Context, m token.Mint) error
	// Identify adds Fly's identifier to an announced mint.
	Identify(ctx context.Context, place, name, id string) error
	// Deliver records that this process ended normally after the engine had
	// received the token.
	Deliver(ctx context.Context, place, name string) error
	// Forget forgets a mint: its token has another owner, or does not exist.
	Forget(ctx context.Context, place, name string) error
	// ForgetID is Forget for the mints with Fly's identifier id.
	ForgetID(ctx context.Context, place, id string) error
	// Announced returns the mints at place that are not forgotten.
	Announced(ctx context.Context, place string) ([]token.Mint, error)
	// Owner identifies this process.
	Owner() string
	// Alive reports whether the process of that Owner still runs, and whether that
	// is certain.
	Alive(ctx context.Context, owner string) (alive, certain bool)
}

// noJournal is the [Journal] without storage.
type noJournal struct{}

func (noJournal) Announce(context.Context, token.Mint) error              { return nil }
func (noJournal) Identify(context.Context, string, string, string) error  { return nil }
func (noJournal) Deliver(context.Context, string, string) error           { return nil }
func (noJournal) Forget(context.Context, string, string) error            { return nil }
func (noJournal) ForgetID(context.Context, string, string) error          { return nil }
func (noJournal) Announced(context.Context, string) ([]token.Mint, error) { return nil, nil }
func (noJournal) Owner() string                                           { return "" }
func (noJournal) Alive(context.Context, string) (alive, certain bool)     { return false, false }
