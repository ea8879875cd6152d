package flyapi

import (
	"context"
	"errors"
	"sync"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// errOutage is the error of an optional call that was skipped.
var errOutage = errors.New("an earlier call of this run had no answer")

// Outage is a circuit breaker for optional calls. When Fly gives no answer to
// one, it cancels those under way and skips the others for its lifetime, which
// is one run. Otherwise a plan would wait once per app for a server that is
// down. It is safe for concurrent use.
type Outage struct {
	note func(ctx context.Context, message string, err error)
	once sync.Once
	over context.Context //nolint:containedctx // the context of a whole run, not a caller's
	turn context.CancelFunc
}

// NewOutage returns a closed breaker. When it opens, it calls note once with
// the reason.
func NewOutage(note func(ctx context.Context, message string, err error)) *Outage {
	o := &Outage{note: note}
	o.over, o.turn = context.WithCancel(context.Background())
	return o
}

// known reports whether the breaker is open.
func (o *Outage) known() bool { return o.over.Err() != nil }

// begin opens the breaker.
func (o *Outage) begin(ctx context.Context, err error) {
	o.turn()
	o.once.Do(func() {
		o.note(ctx, "Fly API unreachable: skipping optional calls for this run", err)
	})
}

// until returns a context that also ends when the breaker opens, and its cancel
// function.
func (o *Outage) until(ctx context.Context) (bounded context.Context, done func()) {
	bounded, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(o.over, cancel)
	return bounded, func() {
		stop()
		cancel()
	}
}

// OrganizationNumber returns [Directory.OrganizationNumber] of d for callers
// that need it only as a hint. They wait at most [ShowTimeout].
func (o *Outage) OrganizationNumber(d *Directory) func(context.Context, token.Request) (uint64, error) {
	return func(ctx context.Context, req token.Request) (uint64, error) {
		if o.known() {
			return 0, errOutage
		}
		ctx, done := o.until(ctx)
		defer done()
		bounded, cancel := context.WithTimeout(ctx, ShowTimeout)
		defer cancel()
		number, err := d.OrganizationNumber(bounded, req)
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
