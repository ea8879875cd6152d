package token

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// verifyTimeout is the net under a [Verifier], which bounds its own time.
const verifyTimeout = 10 * time.Second

// rejection names a token that Fly refused for an app. It may still be good for
// another.
type rejection struct{ app, fingerprint string }

// verify shows the token on offer to Fly where the policy asks for it, and
// returns an error that wraps [ErrRejected] where Fly refuses it. What Fly has
// refused once is not handed out again under any policy.
func (r *Resolver) verify(ctx context.Context, f *flight, o offer) error {
	key := rejection{f.request.App, o.Token.Fingerprint()}
	if _, known := r.rejected.Load(key); known {
		return rejectedMiss(o, ErrRejected)
	}
	if f.policy != PolicyIfRejected || r.verifier == nil || o.Token.IsOAuth() || !shown(o) {
		return nil
	}
	_, err := guarded(ctx, verifyTimeout, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.verifier.Verify(ctx, f.request, o.Token)
	})
	if !errors.Is(err, ErrRejected) {
		return nil // no answer is no rejection
	}
	r.rejected.Store(key, struct{}{})
	if o.Source == SourceStorage && r.store != nil {
		// Left where it is, it would be shown and refused again at every plan: so
		// a failure here costs a request, and no more.
		_, _ = guarded(ctx, saveTimeout, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, r.store.RemoveMinted(ctx, f.request, key.fingerprint)
		})
	}
	return rejectedMiss(o, err)
}

// shown reports whether a token may have been revoked since it was made. What was
// minted a moment ago, by whatever process, was not.
func shown(o offer) bool {
	switch o.Source {
	case SourceStorage:
		return !o.recent
	case SourceConfig, SourceEnv, SourceManual:
		return true
	default:
		return false
	}
}

func rejectedMiss(o offer, err error) error {
	fix := ""
	switch o.Source {
	case SourceManual:
		fix = "set another with fly_manual_token, or remove it"
	case SourceConfig:
		fix = "run `fly auth login`"
	case SourceEnv:
		fix = "set another token"
	}
	return &MissError{Reason: fmt.Sprintf("Fly rejects the token found (%s)", o.Token.Fingerprint()), Fix: fix, Cause: err}
}
