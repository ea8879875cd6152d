package macaroon

import (
	"errors"
	"fmt"
)

// Access is one request as Fly's services describe it to the caveats: the
// action and the resource. A nil field is a resource that the request does not
// name. Validity windows are left to [Grant.ExpiredAt]. The rules are those of flyio.Access in superfly/macaroon, for
// the resources that this package has requests for.
type Access struct {
	// Action is the requested action.
	Action Action
	// OrgID is the organization's number. Every request has one.
	OrgID *uint64
	// AppID is the app's number; 0 is an app that does not exist yet.
	AppID *uint64
	// Feature is a feature of the organization: "wg", "builder" and others.
	Feature *string
	// Machine is the id of a machine of the app.
	Machine *string
	// Command is the command to execute on the machine.
	Command []string
	// Mutation is the GraphQL mutation that is executed.
	Mutation *string
}

// name returns the resource of the type that a names; nil if it names none.
func (a *Access) name(of Type) *string {
	switch of {
	case FeatureSet:
		return a.Feature
	case Machines:
		return a.Machine
	default:
		return nil
	}
}

// ErrDenied is wrapped by the error for a request that is not allowed.
var ErrDenied = errors.New("not permitted")

// Permits returns nil if the grant allows a. It decides as superfly/macaroon
// does: every caveat of the permission macaroon and of its discharges must
// allow a, and an unknown caveat allows nothing. The binding of a discharge
// cannot be checked without Fly's keys and is assumed to be right. The error
// wraps [ErrDenied].
func (g Grant) Permits(a Access) error {
	if len(g.Missing) > 0 {
		return fmt.Errorf("%w: a third party has not discharged the token: %s", ErrDenied, g.Missing[0].Location)
	}
	v := judge(g.Permission.caveats, &a, false)
	for _, d := range g.Discharges {
		v = v.and(judge(d.caveats, &a, true))
	}
	if v.denied != "" {
		return fmt.Errorf("%w: %s", ErrDenied, v.denied)
	}
	if !a.Action.in(v.mask) {
		return fmt.Errorf("%w: only %[3]q of %[2]q is allowed", ErrDenied, a.Action, a.Action&v.mask)
	}
	return nil
}

// Permits returns nil if any permission macaroon of b allows a, because Fly
// accepts a request that one of them allows. The error is that of the last one.
// It wraps [ErrDenied] if there is none. OAuth tokens are ignored.
func (b Bundle) Permits(a Access) error {
	err := fmt.Errorf("%w: there is no permission macaroon", ErrDenied)
	for _, g := range b.Grants() {
		if err = g.Permits(a); err == nil {
			return nil
		}
	}
	return err
}
