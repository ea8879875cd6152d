package macaroon

import (
	"maps"
	"slices"
)

// OrganizationID returns the number of the organization that the macaroon is
// confined to. The second result is false if no Organization caveat names one,
// or if two name different ones. Such a macaroon allows nothing.
func (m *Macaroon) OrganizationID() (uint64, bool) {
	var id uint64
	agree := true
	walk(m.caveats, func(c Caveat) {
		o, ok := c.(Organization)
		if !ok || o.ID == 0 {
			return
		}
		agree = agree && (id == 0 || id == o.ID)
		id = o.ID
	})
	return id, agree && id != 0
}

// OrganizationID returns the number of the organization that every permission
// macaroon of b is confined to. The second result is false if they disagree.
func (b Bundle) OrganizationID() (uint64, bool) {
	var id uint64
	for _, g := range b.Grants() {
		org, ok := g.Permission.OrganizationID()
		if !ok || id != 0 && org != id {
			return 0, false
		}
		id = org
	}
	return id, id != 0
}

// IsOneApp reports whether every permission macaroon of b is confined to the same
// single app.
func (b Bundle) IsOneApp() bool {
	var id uint64
	for _, g := range b.Grants() {
		apps, confined := g.Permission.Apps()
		if !confined || len(apps) != 1 || id != 0 && apps[0].ID != id {
			return false
		}
		id = apps[0].ID
	}
	return id != 0
}

// IsConfinedToApps reports whether every permission macaroon of b is confined to
// some apps.
func (b Bundle) IsConfinedToApps() bool {
	grants := b.Grants()
	return len(grants) > 0 && !slices.ContainsFunc(grants, func(g Grant) bool {
		_, confined := g.Permission.Apps()
		return !confined
	})
}

// AppAccess holds the actions that a macaroon allows on one app.
type AppAccess struct {
	// ID is the app's number.
	ID uint64
	// Access holds the actions that all caveats together allow on the app
	// itself, validity windows aside.
	Access Action
}

// Apps returns the apps that the macaroon is confined to, in ascending order:
// those that every Apps caveat names, including those inside IfPresent, as
// AppScope in superfly/macaroon does. The second result is false if no caveat
// confines the macaroon to some apps.
func (m *Macaroon) Apps() ([]AppAccess, bool) {
	var ids Apps
	walk(m.caveats, func(c Caveat) {
		set, ok := c.(Apps)
		if !ok {
			return
		}
		if _, all := set[0]; all {
			if len(set) == 1 {
				return
			}
			set = Apps{} // all and some: an invalid caveat, which allows none
		}
		if ids == nil {
			ids = maps.Clone(set)
		}
		maps.DeleteFunc(ids, func(id uint64, _ Action) bool { _, named := set[id]; return !named })
	})
	if ids == nil {
		return nil, false
	}
	delete(ids, 0)
	list := make([]AppAccess, 0, len(ids))
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		list = append(list, AppAccess{ID: id, Access: m.onApp(id)})
	}
	return list, true
}

func (m *Macaroon) onApp(id uint64) Action {
	org, _ := m.OrganizationID()
	v := judge(m.caveats, &Access{OrgID: &org, AppID: &id}, false)
	if v.denied != "" {
		return ActionNone
	}
	return v.mask & ActionAll
}
