package macaroon

import "math"

// maxGoogleID bounds the number of a Google user in bytes. Real numbers have
// nine.
const maxGoogleID = 64

// caveat reads a type and a body. The depth is the number of IfPresent caveats
// around it.
func (r *reader) caveat(depth int) (Caveat, error) {
	code, err := r.uint(math.MaxUint64)
	if err != nil {
		return nil, err
	}
	switch t := CaveatType(code); t {
	case TypeVolumes, TypeFeatureSet, TypeMachines, TypeMachineFeatureSet, TypeClusters, TypeAppFeatureSet, TypeStorageObjects:
		return r.namedSet(t)
	case TypeConfineUser, TypeConfineOrganization, TypeIsUser, TypeConfineGitHubOrg, TypeMaxValidity,
		TypeFlyioUserID, TypeGitHubUserID, TypeAction, TypeAllowedRoles:
		return r.number(t)
	case TypeOrganization:
		return r.organization()
	case TypeApps:
		set, err := readSet(r, func() (uint64, error) { return r.uint(math.MaxUint64) })
		return Apps(set), err
	case TypeValidityWindow:
		return r.validityWindow()
	case TypeIfPresent:
		return r.ifPresent(depth)
	case TypeThirdParty:
		return r.thirdParty()
	case TypeMutations:
		if err := r.arrayOf(1); err != nil {
			return nil, err
		}
		list, err := r.strings()
		return Mutations(list), err
	case TypeIsMember:
		return IsMember{}, r.arrayOf(0)
	case TypeCommands:
		return r.commands()
	default:
		return r.text(t, depth)
	}
}

// text reads the caveats that are strings or bytes, and those of unknown types.
func (r *reader) text(t CaveatType, depth int) (Caveat, error) {
	switch t {
	case TypeFromMachineSource:
		if err := r.arrayOf(1); err != nil {
			return nil, err
		}
		id, err := r.string()
		return FromMachineSource{ID: id}, err
	case TypeConfineGoogleHD:
		domain, err := r.string()
		return ConfineGoogleHD(domain), err
	case TypeBindToParentToken:
		id, err := r.bytes()
		return BindToParentToken(id), err
	case TypeGoogleUserID:
		id, err := r.bytes()
		if len(id) > maxGoogleID {
			return nil, r.malformed("a number is too large")
		}
		return GoogleUserID(id), err
	case TypeFlySrc:
		return r.flySrc()
	default:
		at := r.offset()
		err := r.skip(depth)
		return Unknown{Code: t, Body: r.buf[at:r.offset():r.offset()]}, err
	}
}

// number reads the caveats that are one number, by itself or in an array.
func (r *reader) number(t CaveatType) (Caveat, error) {
	limit := uint64(math.MaxUint64)
	switch t {
	case TypeConfineUser, TypeConfineOrganization, TypeIsUser:
		if err := r.arrayOf(1); err != nil {
			return nil, err
		}
	case TypeAction:
		limit = math.MaxUint16
	case TypeAllowedRoles:
		limit = math.MaxUint32
	}
	n, err := r.uint(limit)
	switch t {
	case TypeConfineUser:
		return ConfineUser{ID: n}, err
	case TypeConfineOrganization:
		return ConfineOrganization{ID: n}, err
	case TypeIsUser:
		return IsUser{ID: n}, err
	case TypeConfineGitHubOrg:
		return ConfineGitHubOrg(n), err
	case TypeMaxValidity:
		return MaxValidity(n), err
	case TypeFlyioUserID:
		return FlyioUserID(n), err
	case TypeGitHubUserID:
		return GitHubUserID(n), err
	case TypeAction:
		return Action(n), err //nolint:gosec // It is below the limit.
	default:
		return AllowedRoles(n), err //nolint:gosec // It is below the limit.
	}
}

// namedSet reads the resource sets whose keys are strings.
func (r *reader) namedSet(t CaveatType) (Caveat, error) {
	set, err := readSet(r, r.string)
	switch t {
	case TypeVolumes:
		return Volumes(set), err
	case TypeFeatureSet:
		return FeatureSet(set), err
	case TypeMachines:
		return Machines(set), err
	case TypeMachineFeatureSet:
		return MachineFeatureSet(set), err
	case TypeClusters:
		return Clusters(set), err
	case TypeAppFeatureSet:
		return AppFeatureSet(set), err
	default:
		return StorageObjects(set), err
	}
}

// readSet reads an array of one map. A duplicate key is an error, because
// readers would disagree about its mask.
func readSet[K comparable](r *reader, key func() (K, error)) (map[K]Action, error) {
	if err := r.arrayOf(1); err != nil {
		return nil, err
	}
	n, err := r.mapping()
	if err != nil {
		return nil, err
	}
	set := make(map[K]Action, min(n, preallocated))
	for range n {
		k, err := key()
		if err != nil {
			return nil, err
		}
		if _, twice := set[k]; twice {
			return nil, r.malformed("a set has a duplicate key")
		}
		if set[k], err = r.action(); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func (r *reader) action() (Action, error) {
	n, err := r.uint(math.MaxUint16)
	return Action(n), err //nolint:gosec // It is below the limit.
}

func (r *reader) organization() (Caveat, error) {
	if err := r.arrayOf(2); err != nil {
		return nil, err
	}
	id, err := r.uint(math.MaxUint64)
	if err != nil {
		return nil, err
	}
	mask, err := r.action()
	return Organization{ID: id, Mask: mask}, err
}

func (r *reader) validityWindow() (Caveat, error) {
	if err := r.arrayOf(2); err != nil {
		return nil, err
	}
	from, err := r.int()
	if err != nil {
		return nil, err
	}
	until, err := r.int()
	return ValidityWindow{NotBefore: from, NotAfter: until}, err
}

func (r *reader) thirdParty() (Caveat, error) {
	if err := r.arrayOf(3); err != nil {
		return nil, err
	}
	var c ThirdParty
	var err error
	if c.Location, err = r.string(); err != nil {
		return nil, err
	}
	if c.VerifierKey, err = r.bytes(); err != nil {
		return nil, err
	}
	c.Ticket, err = r.bytes()
	return c, err
}

func (r *reader) ifPresent(depth int) (Caveat, error) {
	if depth >= maxDepth {
		return nil, r.malformed("values are nested more than %d deep", maxDepth)
	}
	if err := r.arrayOf(2); err != nil {
		return nil, err
	}
	n, err := r.caveatCount()
	if err != nil {
		return nil, err
	}
	c := IfPresent{Ifs: make([]Caveat, 0, min(n, preallocated))}
	for range n {
		inner, err := r.caveat(depth + 1)
		if err != nil {
			return nil, err
		}
		c.Ifs = append(c.Ifs, inner)
	}
	c.Else, err = r.action()
	return c, err
}

func (r *reader) commands() (Caveat, error) {
	n, err := r.array()
	if err != nil {
		return nil, err
	}
	list := make(Commands, 0, min(n, preallocated))
	for range n {
		if err := r.arrayOf(2); err != nil {
			return nil, err
		}
		var c Command
		if c.Args, err = r.strings(); err != nil {
			return nil, err
		}
		if c.Exact, err = r.bool(); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (r *reader) flySrc() (Caveat, error) {
	if err := r.arrayOf(3); err != nil {
		return nil, err
	}
	var c FlySrc
	for _, field := range []*string{&c.Organization, &c.App, &c.Instance} {
		var err error
		if *field, err = r.string(); err != nil {
			return nil, err
		}
	}
	return c, nil
}
