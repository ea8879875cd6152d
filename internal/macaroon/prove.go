package macaroon

import (
	"errors"
	"fmt"
)

// ErrUnproven is wrapped by the errors of [Bundle.ProveReadOnly] and of the
// other proofs.
var ErrUnproven = errors.New("the token does not prove this access")

// deployFeatures are the features of the organization that deploying needs: the
// builder, and the network to reach it. Fly's deploy tokens allow them.
var deployFeatures = [...]string{"builder", featureWireGuard}

// featureWireGuard is the feature of the organization that its WireGuard peers
// belong to.
const featureWireGuard = "wg"

// ReadOnly returns the caveats that narrow a token to reading one app, by number.
func ReadOnly(appID uint64) []Caveat {
	return []Caveat{Apps{appID: ActionRead}}
}

// Deploy returns the caveats that narrow a token to one app, by number, and to
// the features that deploying needs. They are those of Fly's own deploy tokens.
func Deploy(appID uint64) []Caveat {
	return []Caveat{IfPresent{Ifs: []Caveat{Apps{appID: ActionAll}, features(deployFeatures[:]...)}, Else: ActionRead}}
}

// features allows everything on these features of the organization.
func features(names ...string) Resources {
	set := Resources{Of: FeatureSet, Allowed: make(map[string]Action, len(names))}
	for _, name := range names {
		set.Allowed[name] = ActionAll
	}
	return set
}

// ProveReadOnly returns nil if the token can read the app and can do nothing
// else: no other action on it, no other app, no feature and nothing in the
// organization. Validity windows are ignored. The error wraps [ErrUnproven] and
// names the fault.
func (b Bundle) ProveReadOnly(appID uint64) error {
	return b.proveApp(appID, ActionRead, limits{onApp: ActionRead})
}

// ProveDeploy returns nil if the token can do everything in the app and,
// outside the app, only two things: use the features that deploying needs, and
// read resources of the organization that belong to no app. Validity windows
// are ignored. The error wraps [ErrUnproven] and names the fault.
//
// The features may be missing. A deploy token that Fly made may hold a caveat
// for its app that, taken literally, denies them.
func (b Bundle) ProveDeploy(appID uint64) error {
	return b.proveApp(appID, ActionAll, limits{onApp: actionAny, features: deployFeatures[:], elsewhere: ActionRead})
}

// limits hold the most that a token may allow.
type limits struct {
	// onApp may be allowed on the app and on the resources inside it.
	onApp Action
	// inCommands may be allowed in addition to onApp for a request that
	// executes a command.
	inCommands Action
	// features may be allowed, with any action.
	features []string
	// otherApps and otherFeatures may be allowed on the apps and features that
	// the proof does not name.
	otherApps, otherFeatures Action
	// elsewhere may be allowed on resources that are neither an app nor a
	// feature.
	elsewhere Action
}

// confined returns the number of the organization that b is for, if b holds
// only macaroons for it.
func (b Bundle) confined() (uint64, error) {
	if b.HasOAuth() {
		return 0, fmt.Errorf("%w: it holds an OAuth token, which gives access to the whole account", ErrUnproven)
	}
	for _, m := range b.Macaroons() {
		if m.Kind() != KindPermission && !m.IsProof() {
			return 0, fmt.Errorf("%w: it holds a macaroon for %.80q", ErrUnproven, m.Location())
		}
	}
	org, ok := b.OrganizationID()
	if !ok {
		return 0, fmt.Errorf("%w: it is not confined to one organization", ErrUnproven)
	}
	return org, nil
}

// need is a request in the organization that a token must allow.
type need struct {
	// fault is the error if the token does not allow it.
	fault string
	Access
}

// allows returns nil if b is confined to one organization and allows all of these.
func (b Bundle) allows(needs ...need) error {
	org, err := b.confined()
	if err != nil {
		return err
	}
	for _, n := range needs {
		n.OrgID = &org
		if err := b.Permits(n.Access); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUnproven, n.fault, err)
		}
	}
	return nil
}

// proveApp returns nil if b allows the actions on the app and nothing beyond l.
func (b Bundle) proveApp(appID uint64, actions Action, l limits) error {
	if _, err := b.confined(); err != nil {
		return err
	}
	if appID == 0 {
		return fmt.Errorf("%w: it is not confined to one organization", ErrUnproven)
	}
	if err := b.allows(need{fmt.Sprintf("%s on app %d", actions, appID), Access{AppID: &appID, Action: actions}}); err != nil {
		return err
	}
	return b.within(appID, l)
}

// within returns an error if a permission macaroon of b may allow more than l.
func (b Bundle) within(appID uint64, l limits) error {
	for _, g := range b.Grants() {
		if err := l.bounds(g.Permission, appID); err != nil {
			return err
		}
	}
	return nil
}

// bounds returns an error if m may allow more than l does. Discharges are
// ignored, because the holder may obtain others with fewer caveats. The caveat
// that names this organization denies requests to other organizations.
func (l limits) bounds(m *Macaroon, appID uint64) error {
	for _, at := range places(appID, l.features) {
		limit, where := l.at(&at)
		excess := at.bound(m.caveats) &^ limit
		if excess == ActionNone {
			continue
		}
		letters := excess.String()
		if letters == "" {
			letters = "an action without a name"
		}
		return fmt.Errorf("%w: its caveats do not rule out %s on %s", ErrUnproven, letters, where)
	}
	return nil
}

// at returns the actions that l allows at a place, and names the place for a
// message.
func (l limits) at(at *place) (limit Action, where string) {
	switch {
	case at.inApp && at.names(typeCommands):
		return l.onApp | l.inCommands, "the app"
	case at.inApp:
		return l.onApp, "the app"
	case at.names(typeApps):
		return l.otherApps, "other apps"
	case at.names(FeatureSet) && len(l.features) > 0:
		return l.otherFeatures, "other features of the organization"
	case at.names(FeatureSet):
		return l.otherFeatures, "features of the organization"
	default:
		return l.elsewhere, "the organization"
	}
}
