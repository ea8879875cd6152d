package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// manualTimeout bounds one read of storage.
const manualTimeout = 10 * time.Second

// ManualSource returns the source "manual": the tokens that users set.
func (s *Store) ManualSource() token.Source { return manualSource{s} }

type manualSource struct{ store *Store }

var _ token.Source = manualSource{}

// Name implements [token.Source].
func (manualSource) Name() token.SourceName { return token.SourceManual }

// Timeout implements [token.Source].
func (manualSource) Timeout() time.Duration { return manualTimeout }

// Acquire implements [token.Source]. The resolver judges whether the token has
// expired.
func (l manualSource) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	rec, err := l.store.Manual(ctx, req.App)
	switch {
	case err == nil:
		return token.Candidate{Record: rec}, nil
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
