package flyapi

import (
	"context"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ token.Verifier = (*Verifier)(nil)

// Verifier shows tokens to Fly before they are handed out, each once in its
// lifetime, which is one run. When Fly gives no answer, nothing is shown any
// more, and what is being shown counts as accepted: a plan must not wait for a
// server that is down once for each app.
type Verifier struct {
	client *Client
	note   func(ctx context.Context, message string, err error)
	shown  memo[reach, struct{}]
	off    context.Context //nolint:containedctx // a switch for the shows of a whole run, not a caller's context
	turn   context.CancelFunc
}

// NewVerifier returns a verifier that asks client. It tells note, once, that it
// stopped asking, and why.
func NewVerifier(client *Client, note func(ctx context.Context, message string, err error)) *Verifier {
	v := &Verifier{client: client, note: note}
	v.off, v.turn = context.WithCancel(context.Background())
	return v
}

// Verify returns an error that wraps [token.ErrRejected] when Fly refuses tok for
// req's app, and nil when it accepts it or does not answer.
func (v *Verifier) Verify(ctx context.Context, req token.Request, tok token.Token) error {
	if v.off.Err() != nil {
		return nil
	}
	_, err := v.shown.do(ctx, reach{req.App, tok.Fingerprint()}, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, v.show(ctx, req.App, tok)
	})
	if Rejected(err) {
		return fmt.Errorf("%w: %w", token.ErrRejected, err)
	}
	return nil
}

func (v *Verifier) show(ctx context.Context, app string, tok token.Token) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(v.off, cancel)()
	err := v.client.Show(ctx, tok, app)
	if err == nil || Rejected(err) || ctx.Err() != nil {
		return err
	}
	v.turn()
	v.note(ctx, "Fly gave no answer about a token; no more are shown to it in this run", err)
	return nil
}
