package macaroon

import (
	"cmp"
	"maps"
	"slices"
)

// This file defines the type and the encoding of every caveat. A struct is an
// array of its fields; other values are written as they are.

// Type returns [TypeOrganization].
func (Organization) Type() CaveatType { return TypeOrganization }

// Type returns [TypeVolumes].
func (Volumes) Type() CaveatType { return TypeVolumes }

// Type returns [TypeApps].
func (Apps) Type() CaveatType { return TypeApps }

// Type returns [TypeValidityWindow].
func (ValidityWindow) Type() CaveatType { return TypeValidityWindow }

// Type returns [TypeFeatureSet].
func (FeatureSet) Type() CaveatType { return TypeFeatureSet }

// Type returns [TypeMutations].
func (Mutations) Type() CaveatType { return TypeMutations }

// Type returns [TypeMachines].
func (Machines) Type() CaveatType { return TypeMachines }

// Type returns [TypeConfineUser].
func (ConfineUser) Type() CaveatType { return TypeConfineUser }

// Type returns [TypeConfineOrganization].
func (ConfineOrganization) Type() CaveatType { return TypeConfineOrganization }

// Type returns [TypeIsUser].
func (IsUser) Type() CaveatType { return TypeIsUser }

// Type returns [TypeThirdParty].
func (ThirdParty) Type() CaveatType { return TypeThirdParty }

// Type returns [TypeBindToParentToken].
func (BindToParentToken) Type() CaveatType { return TypeBindToParentToken }

// Type returns [TypeIfPresent].
func (IfPresent) Type() CaveatType { return TypeIfPresent }

// Type returns [TypeMachineFeatureSet].
func (MachineFeatureSet) Type() CaveatType { return TypeMachineFeatureSet }

// Type returns [TypeFromMachineSource].
func (FromMachineSource) Type() CaveatType { return TypeFromMachineSource }

// Type returns [TypeClusters].
func (Clusters) Type() CaveatType { return TypeClusters }

// Type returns [TypeConfineGoogleHD].
func (ConfineGoogleHD) Type() CaveatType { return TypeConfineGoogleHD }

// Type returns [TypeConfineGitHubOrg].
func (ConfineGitHubOrg) Type() CaveatType { return TypeConfineGitHubOrg }

// Type returns [TypeMaxValidity].
func (MaxValidity) Type() CaveatType { return TypeMaxValidity }

// Type returns [TypeIsMember].
func (IsMember) Type() CaveatType { return TypeIsMember }

// Type returns [TypeFlyioUserID].
func (FlyioUserID) Type() CaveatType { return TypeFlyioUserID }

// Type returns [TypeGitHubUserID].
func (GitHubUserID) Type() CaveatType { return TypeGitHubUserID }

// Type returns [TypeGoogleUserID].
func (GoogleUserID) Type() CaveatType { return TypeGoogleUserID }

// Type returns [TypeAction].
func (Action) Type() CaveatType { return TypeAction }

// Type returns [TypeCommands].
func (Commands) Type() CaveatType { return TypeCommands }

// Type returns [TypeAppFeatureSet].
func (AppFeatureSet) Type() CaveatType { return TypeAppFeatureSet }

// Type returns [TypeStorageObjects].
func (StorageObjects) Type() CaveatType { return TypeStorageObjects }

// Type returns [TypeAllowedRoles].
func (AllowedRoles) Type() CaveatType { return TypeAllowedRoles }

// Type returns [TypeFlySrc].
func (FlySrc) Type() CaveatType { return TypeFlySrc }

func (c Organization) encode(w *writer) {
	w.array(2)
	w.uint(c.ID)
	w.uint(uint64(c.Mask))
}

func (c Volumes) encode(w *writer) { encodeSet(w, c, w.string) }

func (c Apps) encode(w *writer) { encodeSet(w, c, w.uint) }

func (c ValidityWindow) encode(w *writer) {
	w.array(2)
	w.int(c.NotBefore)
	w.int(c.NotAfter)
}

func (c FeatureSet) encode(w *writer) { encodeSet(w, c, w.string) }

func (c Mutations) encode(w *writer) {
	w.array(1)
	w.strings(c)
}

func (c Machines) encode(w *writer) { encodeSet(w, c, w.string) }

func (c ConfineUser) encode(w *writer) {
	w.array(1)
	w.uint(c.ID)
}

func (c ConfineOrganization) encode(w *writer) {
	w.array(1)
	w.uint(c.ID)
}

func (c IsUser) encode(w *writer) {
	w.array(1)
	w.uint(c.ID)
}

func (c ThirdParty) encode(w *writer) {
	w.array(3)
	w.string(c.Location)
	w.bytes(c.VerifierKey)
	w.bytes(c.Ticket)
}

func (c BindToParentToken) encode(w *writer) { w.bytes(c) }

func (c IfPresent) encode(w *writer) {
	w.array(2)
	w.caveats(c.Ifs)
	w.uint(uint64(c.Else))
}

func (c MachineFeatureSet) encode(w *writer) { encodeSet(w, c, w.string) }

func (c FromMachineSource) encode(w *writer) {
	w.array(1)
	w.string(c.ID)
}

func (c Clusters) encode(w *writer) { encodeSet(w, c, w.string) }

func (c ConfineGoogleHD) encode(w *writer) { w.string(string(c)) }

func (c ConfineGitHubOrg) encode(w *writer) { w.uint(uint64(c)) }

func (c MaxValidity) encode(w *writer) { w.uint(uint64(c)) }

func (IsMember) encode(w *writer) { w.array(0) }

func (c FlyioUserID) encode(w *writer) { w.uint(uint64(c)) }

func (c GitHubUserID) encode(w *writer) { w.uint(uint64(c)) }

func (c GoogleUserID) encode(w *writer) { w.bytes(c) }

func (c Action) encode(w *writer) { w.uint(uint64(c)) }

func (c Commands) encode(w *writer) {
	w.array(len(c))
	for _, command := range c {
		w.array(2)
		w.strings(command.Args)
		w.bool(command.Exact)
	}
}

func (c AppFeatureSet) encode(w *writer) { encodeSet(w, c, w.string) }

func (c StorageObjects) encode(w *writer) { encodeSet(w, c, w.string) }

func (c AllowedRoles) encode(w *writer) { w.uint(uint64(c)) }

func (c FlySrc) encode(w *writer) {
	w.array(3)
	w.string(c.Organization)
	w.string(c.App)
	w.string(c.Instance)
}

// encodeSet writes a resource set: an array of one map with ascending keys.
func encodeSet[K cmp.Ordered](w *writer, set map[K]Action, key func(K)) {
	w.array(1)
	w.mapping(len(set))
	for _, k := range slices.Sorted(maps.Keys(set)) {
		key(k)
		w.uint(uint64(set[k]))
	}
}
