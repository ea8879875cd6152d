package macaroon

import (
	"errors"
	"fmt"
	"time"
)

// Access is one request as Fly's services describe it to the caveats: the
// action, the resource and the time. A nil field is a resource that the request
// does not name. The rules are those of flyio.Access in superfly/macaroon.
type Access struct {
	// Action is the requested action.
	Action Action
	// OrgID is the organization's number. Every request has one.
	OrgID *uint64
	// AppID is the app's number; 0 is an app that does not exist yet.
	AppID *uint64
	// Feature is a feature of the organization: "wg", "builder" and others.
	Feature *string
	// AppFeature is a feature of the app.
	AppFeature *string
	// Volume is the id of a volume of the app.
	Volume *string
	// Machine is the id of a machine of the app.
	Machine *string
	// MachineFeature is a feature of the machine.
	MachineFeature *string
	// Command is the command to execute on the machine.
	Command []string
	// Cluster is a LiteFS Cloud cluster, a resource of the feature "litefs-cloud".
	Cluster *string
	// StorageObject is the URL of an object in storage.
	StorageObject *string
	// Mutation is the GraphQL mutation that is executed.
	Mutation *string
	// SourceMachine is the id of the machine that the request comes from.
	SourceMachine *string
	// Time is when the request is made. If it is zero, validity windows are
	// ignored.
	Time time.Time
}

// featureLiteFS is the feature of the organization that clusters belong to.
const featureLiteFS = "litefs-cloud"

var (
	// ErrAccess is wrapped by the error for an invalid request: one that names
	// no organization, or two resources at once.
	ErrAccess = errors.New("invalid request")
	// ErrDenied is wrapped by the error for a request that is not allowed.
	ErrDenied = errors.New("not permitted")
	// ErrUndischarged is wrapped, together with [ErrDenied], if a discharge is
	// missing.
	ErrUndischarged = errors.New("a third party has not discharged the token")
)

// validate returns an error that wraps [ErrAccess] unless a names one action on
// one resource, together with that resource's parents.
func (a Access) validate() error {
	machineParts := count(a.Command != nil, a.MachineFeature != nil)
	appParts := count(a.Machine != nil, a.Volume != nil, a.AppFeature != nil)
	switch {
	case a.OrgID == nil:
		return fmt.Errorf("%w: no organization", ErrAccess)
	case count(a.AppID != nil, a.Feature != nil, a.StorageObject != nil) > 1:
		return fmt.Errorf("%w: two resources of the organization", ErrAccess)
	case appParts > 1:
		return fmt.Errorf("%w: two resources of the app", ErrAccess)
	case appParts > 0 && a.AppID == nil:
		return fmt.Errorf("%w: a resource of an app without the app", ErrAccess)
	case machineParts > 1:
		return fmt.Errorf("%w: two resources of the machine", ErrAccess)
	case machineParts > 0 && a.Machine == nil:
		return fmt.Errorf("%w: a resource of a machine without the machine", ErrAccess)
	case a.Cluster != nil && (a.Feature == nil || *a.Feature != featureLiteFS):
		return fmt.Errorf("%w: a cluster without the feature %s", ErrAccess, featureLiteFS)
	default:
		return nil
	}
}

func count(conditions ...bool) int {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

// Permits returns nil if the grant allows a. It decides as superfly/macaroon
// does: every caveat of the permission macaroon and of its discharges must
// allow a, and an unknown caveat allows nothing. The binding of a discharge
// cannot be checked without Fly's keys and is assumed to be right. The error
// wraps [ErrAccess] or [ErrDenied].
func (g Grant) Permits(a Access) error {
	if err := a.validate(); err != nil {
		return err
	}
	if len(g.Missing) > 0 {
		return fmt.Errorf("%w: %w: %s", ErrDenied, ErrUndischarged, g.Missing[0].Location)
	}
	v := judge(g.Permission.caveats, &a)
	for _, d := range g.Discharges {
		v = v.and(judgeDischarge(d.caveats, &a))
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
