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
	return b.prove(appID, proof{needs: ActionRead, onApp: ActionRead})
}

// ProveDeploy returns nil if the token can do everything in the app and,
// outside the app, only two things: use the features that deploying needs, and
// read resources of the organization that belong to no app. Validity windows
// are ignored. The error wraps [ErrUnproven] and names the fault.
//
// The features may be missing. A deploy token that Fly made may hold a caveat
// for its app that, taken literally, denies them.
func (b Bundle) ProveDeploy(appID uint64) error {
	return b.prove(appID, proof{
		needs:     ActionAll,
		onApp:     actionAny,
		features:  deployFeatures[:],
		elsewhere: ActionRead,
	})
}

// proof holds the actions that a token must allow and the most that it may
// allow.
type proof struct {
	// needs are the actions that must be allowed on the app.
	needs Action
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

func (b Bundle) prove(appID uint64, p proof) error {
	org, err := b.confined()
	if err != nil {
		return err
	}
	if appID == 0 {
		return fmt.Errorf("%w: it is not confined to one organization", ErrUnproven)
	}
	a := Access{OrgID: &org, AppID: &appID, Action: p.needs}
	if err := b.Permits(a); err != nil {
		return fmt.Errorf("%w: %s on app %d: %w", ErrUnproven, p.needs, appID, err)
	}
	return b.within(appID, p)
}

// bounds returns an error if m may allow more than p does. Discharges are
// ignored, because the holder may obtain others with fewer caveats. The caveat
// that names this organization denies requests to other organizations.
func (p proof) bounds(m *Macaroon, appID uint64) error {
	for _, at := range places(appID, p.features) {
		limit, where := p.limit(&at)
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

// limit returns the actions that p allows at a place, and names the place for a
// message.
func (p proof) limit(at *place) (limit Action, where string) {
	switch {
	case at.inApp && at.names(typeCommands):
		return p.onApp | p.inCommands, "the app"
	case at.inApp:
		return p.onApp, "the app"
	case at.names(typeApps):
		return p.otherApps, "other apps"
	case at.names(FeatureSet) && len(p.features) > 0:
		return p.otherFeatures, "other features of the organization"
	case at.names(FeatureSet):
		return p.otherFeatures, "features of the organization"
	default:
		return p.elsewhere, "the organization"
	}
}
