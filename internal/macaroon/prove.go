package macaroon

import (
	"errors"
	"fmt"
)

// ErrUnproven is wrapped by the errors of [Bundle.ProveReadOnly] and
// [Bundle.ProveDeploy].
var ErrUnproven = errors.New("the token does not prove this access")

// deployFeatures are the features of the organization that deploying needs: the
// builder, and the network that leads to it. Fly's deploy tokens allow them.
var deployFeatures = [...]string{"builder", "wg"}

// ReadOnly returns the caveats that narrow a token to reading one app, by number.
func ReadOnly(appID uint64) []Caveat {
	return []Caveat{Apps{appID: ActionRead}}
}

// Deploy returns the caveats that narrow a token to one app, by number, and to
// what deploying it needs: those of Fly's own deploy tokens.
func Deploy(appID uint64) []Caveat {
	features := FeatureSet{}
	for _, name := range deployFeatures {
		features[name] = ActionAll
	}
	return []Caveat{IfPresent{Ifs: []Caveat{Apps{appID: ActionAll}, features}, Else: ActionRead}}
}

// ProveReadOnly returns nil where the token reads the app, and nothing else
// anywhere: no other action on it, no other app, no feature and nothing of the
// organization. Validity windows are ignored. The error wraps
// [ErrUnproven] and says what is wrong.
func (b Bundle) ProveReadOnly(appID uint64) error {
	return b.prove(appID, proof{needs: ActionRead, onApp: ActionRead})
}

// ProveDeploy returns nil where the token does everything in the app, and nothing
// else but use the features that deploying needs and read what belongs to the
// organization and to no app: no other app, no other feature. Validity windows
// are ignored. The error wraps [ErrUnproven] and says what is wrong.
//
// The features may be missing: a deploy token of Fly's own making may confine
// itself to its app with a caveat that, read by the letter, denies them.
func (b Bundle) ProveDeploy(appID uint64) error {
	return b.prove(appID, proof{
		needs:     ActionAll,
		onApp:     actionAny,
		features:  deployFeatures[:],
		elsewhere: ActionRead,
	})
}

// proof is what a token must allow, and all that it may.
type proof struct {
	// needs must be allowed on the app.
	needs Action
	// onApp may be allowed on the app and on what is inside it.
	onApp Action
	// features may be allowed, with any action.
	features []string
	// elsewhere may be allowed on what is neither an app nor a feature.
	elsewhere Action
}

func (b Bundle) prove(appID uint64, p proof) error {
	if b.HasOAuth() {
		return fmt.Errorf("%w: it holds an OAuth token, which opens the whole account", ErrUnproven)
	}
	for _, m := range b.Macaroons() {
		if m.Kind() != KindPermission && !m.IsProof() {
			return fmt.Errorf("%w: it holds a macaroon for %.80q", ErrUnproven, m.Location())
		}
	}
	org, ok := b.OrganizationID()
	if !ok || appID == 0 {
		return fmt.Errorf("%w: it is not confined to one organization", ErrUnproven)
	}
	a := Access{OrgID: &org, AppID: &appID, Action: p.needs}
	if err := b.Permits(a); err != nil {
		return fmt.Errorf("%w: %s on app %d: %w", ErrUnproven, p.needs, appID, err)
	}
	for _, g := range b.Grants() {
		if err := p.bounds(g.Permission, appID); err != nil {
			return err
		}
	}
	return nil
}

// bounds returns an error where m may allow more than p does. Discharges are left
// out: the holder may get others, with fewer caveats. Requests to other
// organizations are denied by the caveat that names this one.
func (p proof) bounds(m *Macaroon, appID uint64) error {
	for _, at := range places(appID, p.features) {
		if excess := at.bound(m.caveats) &^ p.limit(&at); excess != ActionNone {
			return fmt.Errorf("%w: its caveats do not rule out %s", ErrUnproven, describe(&at, excess))
		}
	}
	return nil
}

// limit returns the actions that p allows at a place.
func (p proof) limit(at *place) Action {
	switch {
	case at.inApp:
		return p.onApp
	case at.names(TypeApps) || at.names(TypeFeatureSet):
		return ActionNone
	default:
		return p.elsewhere
	}
}

// describe names an action at a place for a message.
func describe(at *place, action Action) string {
	letters := action.String()
	if letters == "" {
		letters = "an action without a name"
	}
	switch {
	case at.inApp:
		return fmt.Sprintf("%s on app %d", letters, at.app)
	case at.names(TypeApps):
		return letters + " on other apps"
	case at.names(TypeFeatureSet) && len(at.features) > 0:
		return letters + " on other features of the organization"
	case at.names(TypeFeatureSet):
		return letters + " on features of the organization"
	default:
		return letters + " on the organization"
	}
}
