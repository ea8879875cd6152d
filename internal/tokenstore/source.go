package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// linkTimeout bounds one look into storage, the wait for its lock included.
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
	rec, seq, err := l.store.Minted(ctx, req)
	if err == nil && rec.Origin == token.SourceManual {
		err = l.orphaned(ctx, req, rec)
	}
	switch {
	case err == nil:
		return token.Candidate{Record: rec, Minted: true, Sequence: seq, Warnings: l.store.takeWarnings(req.App)}, nil
	case errors.Is(err, token.ErrNoRecord):
		return token.Candidate{}, &token.MissError{Reason: "nothing stored for this request", Cause: err}
	default:
		return token.Candidate{}, err
	}
}

// orphaned returns a miss where rec was narrowed from a manual token that is no
// longer the app's: whoever replaced it wants the new one to count at once.
func (l mintedSource) orphaned(ctx context.Context, req token.Request, rec token.Record) error {
	manual, err := l.store.Manual(ctx, req.App)
	if err != nil && !errors.Is(err, token.ErrNoRecord) {
		return err
	}
	if manual.Token.Fingerprint() == rec.Parent {
		return nil
	}
	return &token.MissError{Reason: "what is stored was narrowed from a manual token that has been replaced or removed"}
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
