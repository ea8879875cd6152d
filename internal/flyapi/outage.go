package flyapi

import (
	"context"
	"errors"
	"sync"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// errOutage is what is returned in place of an answer that is not asked for.
var errOutage = errors.New("an earlier question of this run got no answer")

// Outage is a switch for the questions that a plan can do without. When Fly gives
// no answer to one of them, none is asked any more for as long as the switch
// lives, which is one run, and those under way are given up: a plan must not wait
// for a server that is down once for each app. It is safe for concurrent use.
type Outage struct {
	note func(ctx context.Context, message string, err error)
	once sync.Once
	over context.Context //nolint:containedctx // a switch for what a whole run asks, not a caller's context
	turn context.CancelFunc
}

// NewOutage returns a switch that is not turned. It tells note, once, that it was,
// and why.
func NewOutage(note func(ctx context.Context, message string, err error)) *Outage {
	o := &Outage{note: note}
	o.over, o.turn = context.WithCancel(context.Background())
	return o
}

// known reports whether Fly gave no answer before.
func (o *Outage) known() bool { return o.over.Err() != nil }

// begin turns the switch.
func (o *Outage) begin(ctx context.Context, err error) {
	o.turn()
	o.once.Do(func() {
		o.note(ctx, "Fly gave no answer; what a plan can do without is not asked any more in this run", err)
	})
}

// until returns a context that ends at the outage's beginning too, and what gives
// it back.
func (o *Outage) until(ctx context.Context) (bounded context.Context, done func()) {
	bounded, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(o.over, cancel)
	return bounded, func() {
		stop()
		cancel()
	}
}

// OrganizationNumber returns [Directory.OrganizationNumber] of d for those to whom
// it is a hint: they get an answer in [ShowTimeout], or none.
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

// isNoAnswer reports whether err tells of silence, or of what is no answer of
// Fly's.
func isNoAnswer(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
}
