package macaroon

import (
	"cmp"
	"maps"
	"slices"
)

// This file defines the type and the encoding of every caveat. A struct is an
// array of its fields; other values are written as they are.

func (Organization) kind() caveatType        { return typeOrganization }
func (Volumes) kind() caveatType             { return typeVolumes }
func (Apps) kind() caveatType                { return typeApps }
func (ValidityWindow) kind() caveatType      { return typeValidityWindow }
func (FeatureSet) kind() caveatType          { return typeFeatureSet }
func (Mutations) kind() caveatType           { return typeMutations }
func (Machines) kind() caveatType            { return typeMachines }
func (ConfineUser) kind() caveatType         { return typeConfineUser }
func (ConfineOrganization) kind() caveatType { return typeConfineOrganization }
func (IsUser) kind() caveatType              { return typeIsUser }
func (ThirdParty) kind() caveatType          { return typeThirdParty }
func (BindToParentToken) kind() caveatType   { return typeBindToParentToken }
func (IfPresent) kind() caveatType           { return typeIfPresent }
func (MachineFeatureSet) kind() caveatType   { return typeMachineFeatureSet }
func (FromMachineSource) kind() caveatType   { return typeFromMachineSource }
func (Clusters) kind() caveatType            { return typeClusters }
func (ConfineGoogleHD) kind() caveatType     { return typeConfineGoogleHD }
func (ConfineGitHubOrg) kind() caveatType    { return typeConfineGitHubOrg }
func (MaxValidity) kind() caveatType         { return typeMaxValidity }
func (IsMember) kind() caveatType            { return typeIsMember }
func (FlyioUserID) kind() caveatType         { return typeFlyioUserID }
func (GitHubUserID) kind() caveatType        { return typeGitHubUserID }
func (GoogleUserID) kind() caveatType        { return typeGoogleUserID }
func (Action) kind() caveatType              { return typeAction }
func (Commands) kind() caveatType            { return typeCommands }
func (AppFeatureSet) kind() caveatType       { return typeAppFeatureSet }
func (StorageObjects) kind() caveatType      { return typeStorageObjects }
func (AllowedRoles) kind() caveatType        { return typeAllowedRoles }
func (FlySrc) kind() caveatType              { return typeFlySrc }

func (c Volumes) names() map[string]Action           { return c }
func (c FeatureSet) names() map[string]Action        { return c }
func (c Machines) names() map[string]Action          { return c }
func (c MachineFeatureSet) names() map[string]Action { return c }
func (c Clusters) names() map[string]Action          { return c }
func (c AppFeatureSet) names() map[string]Action     { return c }
func (c StorageObjects) names() map[string]Action    { return c }

func (c Organization) encode(w *writer)        { w.fields(c.ID, uint64(c.Mask)) }
func (c Volumes) encode(w *writer)             { encodeSet(w, c, w.string) }
func (c Apps) encode(w *writer)                { encodeSet(w, c, w.uint) }
func (c ValidityWindow) encode(w *writer)      { w.fields(c.NotBefore, c.NotAfter) }
func (c FeatureSet) encode(w *writer)          { encodeSet(w, c, w.string) }
func (c Machines) encode(w *writer)            { encodeSet(w, c, w.string) }
func (c ConfineUser) encode(w *writer)         { w.fields(c.ID) }
func (c ConfineOrganization) encode(w *writer) { w.fields(c.ID) }
func (c IsUser) encode(w *writer)              { w.fields(c.ID) }
func (c BindToParentToken) encode(w *writer)   { w.bytes(c) }
func (c MachineFeatureSet) encode(w *writer)   { encodeSet(w, c, w.string) }
func (c FromMachineSource) encode(w *writer)   { w.fields(c.ID) }
func (c Clusters) encode(w *writer)            { encodeSet(w, c, w.string) }
func (c ConfineGoogleHD) encode(w *writer)     { w.string(string(c)) }
func (c ConfineGitHubOrg) encode(w *writer)    { w.uint(uint64(c)) }
func (c MaxValidity) encode(w *writer)         { w.uint(uint64(c)) }
func (IsMember) encode(w *writer)              { w.fields() }
func (c FlyioUserID) encode(w *writer)         { w.uint(uint64(c)) }
func (c GitHubUserID) encode(w *writer)        { w.uint(uint64(c)) }
func (c GoogleUserID) encode(w *writer)        { w.bytes(c) }
func (c Action) encode(w *writer)              { w.uint(uint64(c)) }
func (c AppFeatureSet) encode(w *writer)       { encodeSet(w, c, w.string) }
func (c StorageObjects) encode(w *writer)      { encodeSet(w, c, w.string) }
func (c AllowedRoles) encode(w *writer)        { w.uint(uint64(c)) }
func (c FlySrc) encode(w *writer)              { w.fields(c.Organization, c.App, c.Instance) }

func (c Mutations) encode(w *writer) {
	w.array(1)
	w.strings(c)
}

func (c ThirdParty) encode(w *writer) {
	w.array(3)
	w.string(c.Location)
	w.bytes(c.VerifierKey)
	w.bytes(c.Ticket)
}

func (c IfPresent) encode(w *writer) {
	w.array(2)
	w.caveats(c.Ifs)
	w.uint(uint64(c.Else))
}

func (c Commands) encode(w *writer) {
	w.array(len(c))
	for _, command := range c {
		w.array(2)
		w.strings(command.Args)
		w.bool(command.Exact)
	}
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
