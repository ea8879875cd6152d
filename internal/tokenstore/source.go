package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// linkTimeout bounds one look into storage.
const linkTimeout = 10 * time.Second

// MintedSource returns the chain's link named storage: the tokens that were
// minted in earlier runs, or by other processes.
func (s *Store) MintedSource() token.Source { return mintedSource{s} }

// ManualSource returns the chain's link named manual: the tokens that users set.
func (s *Store) ManualSource() token.Source { return manualSource{s} }

type mintedSource struct{ store *Store }

var _ token.Source = mintedSource{}

// Name implements [token.Source].
func (mintedSource) Name() token.SourceName { return token.SourceStorage }

// Timeout implements [token.Source].
func (mintedSource) Timeout() time.Duration { return linkTimeout }

// Acquire implements [token.Source].
func (l mintedSource) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	stored, err := l.store.Load(ctx, req)
	if err != nil {
		// What was found out on the way is shown with what is found later.
		l.store.keep(req.App, stored.Warnings)
		return token.Candidate{}, err
	}
	if stored.Record.Token.IsZero() {
		l.store.keep(req.App, stored.Warnings)
		return token.Candidate{}, &token.MissError{Reason: "nothing stored for this request", Cause: token.ErrNoRecord}
	}
	return token.Candidate{Record: stored.Record, Minted: true, Sequence: stored.Sequence, Warnings: stored.Warnings}, nil
}

type manualSource struct{ store *Store }

var _ token.Source = manualSource{}

// Name implements [token.Source].
func (manualSource) Name() token.SourceName { return token.SourceManual }

// Timeout implements [token.Source].
func (manualSource) Timeout() time.Duration { return linkTimeout }

// Acquire implements [token.Source]. Whether the token has expired is for the
// resolver to judge.
func (l manualSource) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	rec, err := l.store.Manual(ctx, req.App)
	switch {
	case err == nil:
		return token.Candidate{Record: rec, Warnings: l.store.takeWarnings(req.App)}, nil
	case errors.Is(err, token.ErrNoRecord):
		return token.Candidate{}, &token.MissError{
			Reason: fmt.Sprintf("no manual token is set for app %q", req.App),
			Fix:    "set one with a fly_manual_token resource",
			Cause:  err,
		}
	default:
		return token.Candidate{}, err
	}
}
