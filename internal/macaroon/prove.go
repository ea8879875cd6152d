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
// organization. Validity windows are left out of account. The error wraps
// [ErrUnproven] and says what is wrong.
func (b Bundle) ProveReadOnly(appID uint64) error {
	return b.prove(appID, proof{needs: ActionRead, onApp: ActionRead})
}

// ProveDeploy returns nil where the token does everything in the app, and nothing
// else but use the features that deploying needs and read what belongs to the
// organization and to no app: no other app, no other feature. Validity windows
// are left out of account. The error wraps [ErrUnproven] and says what is wrong.
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
		return fmt.Errorf("%w: %s: %w", ErrUnproven, describe(&a, p.needs, appID), err)
	}
	for _, g := range b.Grants() {
		if err := p.bounds(g.Permission, org, appID); err != nil {
			return err
		}
	}
	return nil
}

// bounds returns an error where m allows more than p does. Discharges are left
// out: the holder may get others, with fewer caveats.
//
// A caveat tells resources apart by name alone, so that all those it does not
// name are alike to it. Requests for each resource that some caveat names, for
// one that none names, and for none at all therefore stand for all requests.
// Those to other organizations are denied by the caveat that names this one.
func (p proof) bounds(m *Macaroon, org, appID uint64) error {
	d := namedBy(m.caveats)
	d.apps.add(appID)
	if d.undecided || d.taken > maxNames || d.judgements() > maxJudgements {
		return fmt.Errorf("%w: what its caveats allow cannot be told from them", ErrUnproven)
	}
	var err error
	d.each(org, func(a *Access) bool {
		v := judge(m.caveats, a)
		if v.denied != "" {
			return true
		}
		if excess := v.mask &^ p.limit(a, appID); excess != ActionNone {
			err = fmt.Errorf("%w: %s is allowed", ErrUnproven, describe(a, excess, appID))
		}
		return err == nil
	})
	return err
}

// limit returns the actions that p allows on the resource of a.
func (p proof) limit(a *Access, appID uint64) Action {
	switch {
	case a.AppID != nil && *a.AppID == appID:
		return p.onApp
	case a.AppID != nil:
		return ActionNone
	case a.Feature == nil:
		return p.elsewhere
	}
	for _, name := range p.features {
		if *a.Feature == name {
			return actionAny
		}
	}
	return ActionNone
}

// describe names an action on a resource for a message.
func describe(a *Access, action Action, appID uint64) string {
	letters := action.String()
	if letters == "" {
		letters = "an action without a name"
	}
	switch {
	case a.AppID != nil && *a.AppID == appID:
		return fmt.Sprintf("%s on app %d", letters, appID)
	case a.AppID != nil:
		return letters + " on other apps"
	case a.Feature != nil && *a.Feature == unnamed:
		return letters + " on other features of the organization"
	case a.Feature != nil:
		return fmt.Sprintf("%s on the organization's feature %.40q", letters, *a.Feature)
	default:
		return letters + " on the organization"
	}
}
