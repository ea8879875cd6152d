package flyapi

import (
	"context"
	"errors"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/breaker"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Outage is a circuit breaker for optional calls. When Fly gives no answer to
// one, it cancels those under way and skips the others for its lifetime, which
// is one run. Otherwise a plan would wait once per app for a server that is
// down. It is safe for concurrent use.
type Outage struct {
	note    func(ctx context.Context, message string, err error)
	breaker breaker.Breaker
}

// NewOutage returns a closed breaker. When it opens, it calls note once with
// the reason.
func NewOutage(note func(ctx context.Context, message string, err error)) *Outage {
	return &Outage{note: note}
}

func (o *Outage) known() bool { return o.breaker.Allow() != nil }

func (o *Outage) begin(ctx context.Context, err error) {
	if o.breaker.Failed(time.Now(), err) {
		o.note(ctx, "Fly API unreachable: skipping optional calls for this run", err)
	}
}

// OrganizationNumber returns [Directory.organizationNumber] of d for callers
// that need it only as a hint. They wait at most twice [Config.ShowTimeout], of which
// the list of apps may take one half.
func (o *Outage) OrganizationNumber(d *Directory) func(context.Context, token.Request) (uint64, error) {
	return func(ctx context.Context, req token.Request) (uint64, error) {
		if err := o.breaker.Allow(); err != nil {
			return 0, err
		}
		ctx, release := o.breaker.Bind(ctx)
		defer release()
		bounded, cancel := context.WithTimeout(ctx, 2*d.client.showTimeout)
		defer cancel()
		number, err := d.organizationNumber(bounded, req)
		if isNoAnswer(err) && ctx.Err() == nil {
			o.begin(ctx, err)
		}
		return number, err
	}
}

// isNoAnswer reports whether err means that no answer came, or one that is not
// Fly's.
func isNoAnswer(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}
