package macaroon

import (
	"math"
	"strconv"
	"strings"
)

// Type is the number of a type of caveat on the wire.
type Type uint64

// The types that Fly uses and this package interprets, as caveat.go of
// superfly/macaroon numbers them. The exported ones are for [Resources].
const (
	typeOrganization Type = 0
	// Volumes are volumes of apps, by id.
	Volumes            Type = 2
	typeApps           Type = 3
	typeValidityWindow Type = 4
	// FeatureSet holds features of the organization: "wg", "builder" and others.
	FeatureSet    Type = 5
	typeMutations Type = 6
	// Machines are machines of apps, by id.
	Machines              Type = 7
	typeIsUser            Type = 10
	typeThirdParty        Type = 11
	typeBindToParentToken Type = 12
	typeIfPresent         Type = 13
	typeMachineFeatureSet Type = 14
	typeFromMachineSource Type = 15
	typeClusters          Type = 16 // of LiteFS Cloud
	typeIsMember          Type = 22
	typeFlyioUserID       Type = 23
	typeGitHubUserID      Type = 24
	typeGoogleUserID      Type = 25
	typeAction            Type = 26
	typeCommands          Type = 27
	typeAppFeatureSet     Type = 28
	typeStorageObjects    Type = 29 // by prefix of their URL
	typeAllowedRoles      Type = 30
)

// knownType is what this package knows of a type.
type knownType struct {
	// name is flyctl's.
	name string
	// read reads the body, and returns the caveat or, for [Other], the body in
	// flyctl's JSON. It is nil for IfPresent, which nests.
	read func(*reader) any
	// key is the only member of the body in flyctl's JSON, and names the resources
	// of a set.
	key string
}

// knownTypes has every type of flyctl. Those without a name here are only shown.
var knownTypes = [...]knownType{
	typeOrganization:      {name: "Organization", read: (*reader).organization},
	Volumes:               {name: "Volumes", read: readNamed(Volumes), key: "volumes"},
	typeApps:              {name: "Apps", read: func(r *reader) any { return Apps(readSet(r, r.uint64)) }, key: "apps"},
	typeValidityWindow:    {name: "ValidityWindow", read: (*reader).validityWindow},
	FeatureSet:            {name: "FeatureSet", read: readNamed(FeatureSet), key: "features"},
	typeMutations:         {name: "Mutations", read: func(r *reader) any { return Mutations(r.fields(1).strings()) }, key: "mutations"},
	Machines:              {name: "Machines", read: readNamed(Machines), key: "machines"},
	8:                     {name: "ConfineUser", read: func(r *reader) any { return map[string]uint64{"id": r.fields(1).uint64()} }},
	9:                     {name: "ConfineOrganization", read: func(r *reader) any { return map[string]uint64{"id": r.fields(1).uint64()} }},
	typeIsUser:            {name: "IsUser", read: func(r *reader) any { return map[string]uint64{"uint64": r.fields(1).uint64()} }},
	typeThirdParty:        {name: "3P", read: (*reader).thirdParty},
	typeBindToParentToken: {name: "BindToParentToken", read: func(r *reader) any { return r.bytes() }},
	typeIfPresent:         {name: "IfPresent"},
	typeMachineFeatureSet: {name: "MachineFeatureSet", read: readNamed(typeMachineFeatureSet), key: "features"},
	typeFromMachineSource: {name: "FromMachineSource", read: func(r *reader) any { return map[string]string{"id": r.fields(1).string()} }},
	typeClusters:          {name: "Clusters", read: readNamed(typeClusters), key: "clusters"},
	19:                    {name: "ConfineGoogleHD", read: func(r *reader) any { return r.string() }},
	20:                    {name: "ConfineGitHubOrg", read: func(r *reader) any { return r.uint64() }},
	21:                    {name: "MaxValidity", read: func(r *reader) any { return r.uint64() }},
	typeIsMember:          {name: "IsMember", read: func(r *reader) any { r.fields(0); return struct{}{} }},
	typeFlyioUserID:       {name: "FlyioUserID", read: func(r *reader) any { return r.uint64() }},
	typeGitHubUserID:      {name: "GitHubUserID", read: func(r *reader) any { return r.uint64() }},
	typeGoogleUserID:      {name: "GoogleUserID", read: (*reader).googleUserID},
	typeAction:            {name: "Action", read: func(r *reader) any { return r.action() }},
	typeCommands:          {name: "Commands", read: (*reader).commands},
	typeAppFeatureSet:     {name: "AppFeatureSet", read: readNamed(typeAppFeatureSet), key: "features"},
	typeStorageObjects:    {name: "StorageObjects", read: readNamed(typeStorageObjects), key: "storage_objects"},
	typeAllowedRoles:      {name: "AllowedRoles", read: func(r *reader) any { return AllowedRoles(r.uint(math.MaxUint32)) }},
	31:                    {name: "FlySrc", read: (*reader).flySrc},
}

func (t Type) known() knownType {
	if t < Type(len(knownTypes)) {
		return knownTypes[t]
	}
	return knownType{}
}

// String returns flyctl's name for the type, or the number if flyctl has no
// name for it.
func (t Type) String() string {
	if name := t.known().name; name != "" {
		return name
	}
	return strconv.FormatUint(uint64(t), 10)
}

// resources names what a caveat of the type is about.
func (t Type) resources() string {
	switch t {
	case typeCommands:
		return "commands"
	case typeAppFeatureSet:
		return "features of apps"
	case typeMachineFeatureSet:
		return "features of machines"
	default:
		return strings.ReplaceAll(t.known().key, "_", " ")
	}
}

// isAttestation reports whether a caveat of the type states an identity. Only a
// finalized discharge can do that.
func (t Type) isAttestation() bool {
	return t == typeFlyioUserID || t == typeGitHubUserID || t == typeGoogleUserID
}

// walk calls visit for every caveat, and for those inside IfPresent after the
// one that holds them.
func walk(caveats []Caveat, visit func(Caveat)) {
	for _, c := range caveats {
		visit(c)
		if p, ok := c.(IfPresent); ok {
			walk(p.Ifs, visit)
		}
	}
}
