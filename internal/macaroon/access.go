package macaroon

import (
	"errors"
	"fmt"
	"time"
)

// Access is one request as Fly's services describe it to the caveats: what is to
// be done, to which resource, and when. A nil field is a resource that the
// request does not name. The rules are those of flyio.Access in superfly/macaroon.
type Access struct {
	// Action is what is to be done.
	Action Action
	// OrgID is the organization's number. Every request has one.
	OrgID *uint64
	// AppID is the app's number; 0 is an app that is yet to be created.
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
	// Command is what is to be executed on the machine.
	Command []string
	// Cluster is a LiteFS Cloud cluster, a resource of the feature "litefs-cloud".
	Cluster *string
	// StorageObject is the URL of an object in storage.
	StorageObject *string
	// Mutation is the GraphQL mutation that is executed.
	Mutation *string
	// SourceMachine is the id of the machine that the request comes from.
	SourceMachine *string
	// Time is when the request is made. Where it is zero, validity windows are
	// left out of account.
	Time time.Time
}

// featureLiteFS is the feature of the organization that clusters belong to.
const featureLiteFS = "litefs-cloud"

var (
	// ErrAccess is wrapped by the error for a request that is no request: it
	// names no organization, or two resources at once.
	ErrAccess = errors.New("not a request that can be decided")
	// ErrDenied is wrapped by the error for a request that is not allowed.
	ErrDenied = errors.New("not permitted")
	// ErrUndischarged is wrapped, beside [ErrDenied], where a discharge is missing.
	ErrUndischarged = errors.New("a third party has not discharged the token")
)

// validate returns an error that wraps [ErrAccess] unless a names one action on
// one resource, with the resources that this one belongs to.
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
		return fmt.Errorf("%w: a resource of an app, and no app", ErrAccess)
	case machineParts > 1:
		return fmt.Errorf("%w: two resources of the machine", ErrAccess)
	case machineParts > 0 && a.Machine == nil:
		return fmt.Errorf("%w: a resource of a machine, and no machine", ErrAccess)
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

// Permits returns nil where the grant allows a, decided as superfly/macaroon does:
// every caveat of the permission macaroon and of its discharges must allow it, and
// a caveat that is not known allows nothing. What a discharge is bound to cannot
// be checked without Fly's keys and is taken as right. The error wraps [ErrAccess]
// or [ErrDenied].
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
	if !a.Action.In(v.mask) {
		return fmt.Errorf("%w: of %q only %q is allowed", ErrDenied, a.Action, a.Action&v.mask)
	}
	return nil
}

// Permits returns nil where any permission macaroon of b allows a: Fly grants what
// one of them grants. The error is that of the last one, or wraps [ErrDenied]
// where there is none. OAuth tokens are not looked at.
func (b Bundle) Permits(a Access) error {
	err := fmt.Errorf("%w: there is no permission macaroon", ErrDenied)
	for _, g := range b.Grants() {
		if err = g.Permits(a); err == nil {
			return nil
		}
	}
	return err
}
