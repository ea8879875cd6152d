package macaroon

import "slices"

// place is a kind of request: the types of resource that it names, with the app
// and the feature. Other resources of a type are treated alike.
type place struct {
	// named holds the types of the set caveats that apply to the request.
	named []Type
	// app is the app that the proof is about. inApp reports whether the request
	// is for this app or for a different one.
	app   uint64
	inApp bool
	// features are the features that the request does not name.
	features []string
}

// places returns the kinds of request in an organization: on the app, on a
// different app, on a feature that is not listed, and on a resource that is
// neither. Each may be a mutation.
func places(app uint64, features []string) []place {
	var list []place
	for _, named := range [...][]Type{
		nil,
		{typeStorageObjects},
		{FeatureSet},
		{FeatureSet, typeClusters},
		{typeApps},
		{typeApps, Volumes},
		{typeApps, typeAppFeatureSet},
		{typeApps, Machines},
		{typeApps, Machines, typeCommands},
		{typeApps, Machines, typeMachineFeatureSet},
	} {
		p := place{named: named, app: app, inApp: slices.Contains(named, typeApps), features: features}
		list = append(list, p, p.withMutation())
		if p.inApp {
			p.inApp = false
			list = append(list, p, p.withMutation())
		}
	}
	return list
}

func (p place) withMutation() place {
	p.named = append(slices.Clone(p.named), typeMutations)
	return p
}

func (p *place) names(t Type) bool { return slices.Contains(p.named, t) }

// applies reports whether a caveat inside IfPresent applies to a request.
type applies int

const (
	never applies = iota
	maybe
	always
)

// bound returns the actions that the caveats may allow on any request of the
// kind: no request is allowed more. A caveat counts only if it is known to
// restrict.
func (p *place) bound(caveats []Caveat) Action {
	mask := actionAny
	for _, c := range caveats {
		if m, when := p.boundOf(c); when == never {
			return ActionNone
		} else if when == always {
			mask &= m
		}
	}
	return mask
}

func (p *place) boundOf(c Caveat) (Action, applies) {
	var mask Action
	switch c := c.(type) {
	case Organization:
		return c.Mask, always
	case Action:
		return c, always
	case IfPresent:
		return p.boundOfIfPresent(c), always
	case Apps:
		mask = union(c, func(id uint64) bool { return id == 0 || (id == p.app) == p.inApp })
	case Resources:
		mask = union(c.Allowed, func(name string) bool { return c.Of != FeatureSet || !slices.Contains(p.features, name) })
	case Mutations:
		mask = ifAny(len(c))
	case Commands:
		mask = ifAny(len(c))
	default:
		return actionAny, maybe
	}
	if !p.names(c.kind()) {
		return ActionNone, never
	}
	return mask, always
}

// boundOfIfPresent joins the actions that the caveats inside may allow. Those
// that are known to apply hold together. Only if there are none may others, or
// Else, apply.
func (p *place) boundOfIfPresent(c IfPresent) Action {
	together, either, known := actionAny, c.Else, false
	for _, inner := range c.Ifs {
		switch mask, when := p.boundOf(inner); when {
		case always:
			together, known = together&mask, true
		case maybe:
			either |= mask
		case never:
		}
	}
	if known {
		return together
	}
	return either
}

// union returns the actions that a set allows on at least one resource that fits.
func union[K comparable](set map[K]Action, fits func(K) bool) Action {
	mask := ActionNone
	for name, allowed := range set {
		if fits(name) {
			mask |= allowed
		}
	}
	return mask
}

// ifAny returns all actions if the list of a caveat is not empty.
func ifAny(n int) Action {
	if n == 0 {
		return ActionNone
	}
	return actionAny
}
