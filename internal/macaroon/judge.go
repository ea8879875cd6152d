package macaroon

import "slices"

// verdict is the decision of a caveat about a request, for all actions at once.
// A caveat allows a request if and only if it allows each of its actions.
type verdict struct {
	// absent is set if the caveat is about a resource that the request does not
	// name.
	absent bool
	// denied is the reason why no action is allowed, or "" if some may be.
	denied string
	mask   Action
}

func allow(mask Action) verdict  { return verdict{mask: mask} }
func deny(reason string) verdict { return verdict{denied: reason} }

// absent is also a denial, except for caveats inside IfPresent.
func absent(t Type) verdict {
	return verdict{absent: true, denied: "the token is only for some " + t.resources() + " and the request names none"}
}

func (v verdict) and(w verdict) verdict {
	if v.denied != "" {
		return v
	}
	if w.denied != "" {
		return deny(w.denied)
	}
	return allow(v.mask & w.mask)
}

// judge returns the joint verdict of the caveats of a permission macaroon or of a
// discharge. Those for third parties are left to the discharges. A discharge may
// hold attestations and may be bound.
func judge(caveats []Caveat, a *Access, discharge bool) verdict {
	v := allow(actionAny)
	for _, c := range caveats {
		t := c.kind()
		if discharge && (t == typeBindToParentToken || t.isAttestation()) || !discharge && t == typeThirdParty {
			continue
		}
		v = v.and(judgeCaveat(c, a))
	}
	return v
}

func judgeCaveat(c Caveat, a *Access) verdict {
	switch c := c.(type) {
	case Organization:
		return judgeOrganization(c, a.OrgID)
	case Apps:
		return judgeSet(c, a.AppID, c.kind())
	case Resources:
		return judgeSet(c.Allowed, a.name(c.Of), c.Of)
	case IfPresent:
		return judgeIfPresent(c, a)
	case Action:
		return allow(c)
	case ValidityWindow:
		return allow(actionAny)
	case AllowedRoles:
		return judgeRoles(c, a.Feature)
	case Mutations:
		return judgeMutations(c, a.Mutation)
	case Commands:
		return judgeCommands(c, a.Command)
	default:
		return judgeOther(c.kind(), a)
	}
}

// judgeOther decides by the type alone. Unknown caveats and those about discharges
// deny.
func judgeOther(t Type, a *Access) verdict {
	switch t {
	case typeIsUser:
		return allow(actionAny)
	case typeIsMember:
		return judgeRoles(roleMember, a.Feature)
	case typeFromMachineSource:
		return deny("the token is for requests from a different machine")
	default:
		return deny("the token has a caveat that allows no request: " + t.String())
	}
}

func judgeOrganization(c Organization, id *uint64) verdict {
	if c.ID != 0 && (id == nil || c.ID != *id) {
		return deny("the token is for a different organization")
	}
	return allow(c.Mask)
}

// judgeSet decides a resource set. The zero key means all resources. Together
// with other keys it makes the caveat invalid.
func judgeSet[K comparable](set map[K]Action, id *K, t Type) verdict {
	var zero K
	mask, all := set[zero]
	if all && len(set) != 1 {
		return deny("the token has a set of " + t.resources() + " that names both all and some")
	}
	if id == nil {
		return absent(t)
	}
	if all {
		return allow(mask)
	}
	mask, ok := set[*id]
	if !ok {
		return deny("the token is for other " + t.resources())
	}
	return allow(mask)
}

// judgeIfPresent applies the caveats that match the request, and Else if none
// does.
func judgeIfPresent(c IfPresent, a *Access) verdict {
	v, applies := allow(actionAny), false
	for _, inner := range c.Ifs {
		if w := judgeCaveat(inner, a); !w.absent {
			v, applies = v.and(w), true
		}
	}
	if !applies {
		return allow(c.Else)
	}
	return v
}

// judgeRoles decides by the rights of ordinary members, as GetPermittedRoles in
// flyio/access.go of superfly/macaroon: everything except some features.
func judgeRoles(roles AllowedRoles, feature *string) verdict {
	switch {
	case roles == roleAdmin:
		return allow(actionAny)
	case roles&roleMember == 0:
		return deny("the token is not for members")
	case feature == nil:
		return allow(actionAny)
	}
	mask, ok := memberFeature(*feature)
	if !ok {
		return deny("the feature is for administrators")
	}
	return allow(mask)
}

// memberFeature returns the actions of members on a feature of the
// organization, from MemberFeatures in flyio/access.go of superfly/macaroon.
func memberFeature(name string) (Action, bool) {
	switch name {
	case "wg", "domain", "site", "builder", "addon", "checks", "litefs-cloud":
		return ActionAll, true
	case "membership", "billing", "authentication":
		return ActionRead, true
	case "deletion", "document_signing":
		return ActionNone, true
	default:
		return ActionNone, false
	}
}

func judgeMutations(mutations Mutations, name *string) verdict {
	if name == nil {
		return absent(typeMutations)
	}
	if !slices.Contains(mutations, *name) {
		return deny("the token is not for this mutation")
	}
	return allow(actionAny)
}

func judgeCommands(commands Commands, args []string) verdict {
	if args == nil {
		return absent(typeCommands)
	}
	for _, c := range commands {
		fits := len(c.Args) == len(args) || len(c.Args) < len(args) && !c.Exact
		if fits && slices.Equal(c.Args, args[:len(c.Args)]) {
			return allow(actionAny)
		}
	}
	return deny("the token is not for this command")
}
