package flyapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/flytokens/terraform-provider-fly/internal/coalesce"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

var _ token.Verifier = (*Verifier)(nil)

// Verifier checks tokens with Fly before they are returned, each once in its
// lifetime, which is one run. During an [Outage] it checks nothing, and tokens
// whose check is under way count as accepted.
type Verifier struct {
	client *Client
	outage *Outage
	shown  coalesce.Group[reach, struct{}]
}

// NewVerifier returns a verifier that calls client unless there is an outage.
func NewVerifier(client *Client, outage *Outage) *Verifier {
	return &Verifier{client: client, outage: outage, shown: coalesce.Group[reach, struct{}]{Remember: true}}
}

// Verify returns an error that wraps [token.ErrRejected] if Fly refuses tok for
// req's app. It returns nil if Fly accepts it or does not answer.
func (v *Verifier) Verify(ctx context.Context, req token.Request, tok token.Token) error {
	if v.outage.known() {
		return nil
	}
	show := func(ctx context.Context) (struct{}, error) { return struct{}{}, v.show(ctx, req.App, tok) }
	_, err := v.shown.Do(ctx, reach{req.App, tok.Fingerprint()}, show)
	switch {
	case errors.Is(err, ErrNotPermitted):
		return fmt.Errorf("%w: %w", token.ErrOutOfReach, err)
	case Rejected(err):
		return fmt.Errorf("%w: %w", token.ErrRejected, err)
	default:
		return nil
	}
}

func (v *Verifier) show(ctx context.Context, app string, tok token.Token) error {
	ctx, release := v.outage.breaker.Bind(ctx)
	defer release()
	err := v.client.Show(ctx, tok, app)
	if err == nil || Rejected(err) || ctx.Err() != nil {
		return err
	}
	v.outage.begin(ctx, err)
	return nil
}
