package macaroon

import (
	"fmt"
	"strconv"
	"strings"
)

// caveatType is the number of a type of caveat on the wire.
type caveatType uint64

// The types that Fly uses, as caveat.go of superfly/macaroon numbers them.
const (
	typeOrganization        caveatType = 0
	typeVolumes             caveatType = 2
	typeApps                caveatType = 3
	typeValidityWindow      caveatType = 4
	typeFeatureSet          caveatType = 5
	typeMutations           caveatType = 6
	typeMachines            caveatType = 7
	typeConfineUser         caveatType = 8
	typeConfineOrganization caveatType = 9
	typeIsUser              caveatType = 10
	typeThirdParty          caveatType = 11
	typeBindToParentToken   caveatType = 12
	typeIfPresent           caveatType = 13
	typeMachineFeatureSet   caveatType = 14
	typeFromMachineSource   caveatType = 15
	typeClusters            caveatType = 16
	typeConfineGoogleHD     caveatType = 19
	typeConfineGitHubOrg    caveatType = 20
	typeMaxValidity         caveatType = 21
	typeIsMember            caveatType = 22
	typeFlyioUserID         caveatType = 23
	typeGitHubUserID        caveatType = 24
	typeGoogleUserID        caveatType = 25
	typeAction              caveatType = 26
	typeCommands            caveatType = 27
	typeAppFeatureSet       caveatType = 28
	typeStorageObjects      caveatType = 29
	typeAllowedRoles        caveatType = 30
	typeFlySrc              caveatType = 31
)

// knownType is what this package knows of a type.
type knownType struct {
	// name is flyctl's.
	name string
	// read reads the body; nil for IfPresent, which nests.
	read func(*reader) Caveat
	// key is the only member of the body in flyctl's JSON, and names the resources
	// of a set.
	key string
}

var knownTypes = [...]knownType{
	typeOrganization:        {name: "Organization", read: (*reader).organization},
	typeVolumes:             {name: "Volumes", read: readNamed[Volumes], key: "volumes"},
	typeApps:                {name: "Apps", read: func(r *reader) Caveat { return Apps(readSet(r, r.uint64)) }, key: "apps"},
	typeValidityWindow:      {name: "ValidityWindow", read: (*reader).validityWindow},
	typeFeatureSet:          {name: "FeatureSet", read: readNamed[FeatureSet], key: "features"},
	typeMutations:           {name: "Mutations", read: func(r *reader) Caveat { return Mutations(r.fields(1).strings()) }, key: "mutations"},
	typeMachines:            {name: "Machines", read: readNamed[Machines], key: "machines"},
	typeConfineUser:         {name: "ConfineUser", read: func(r *reader) Caveat { return ConfineUser{r.fields(1).uint64()} }},
	typeConfineOrganization: {name: "ConfineOrganization", read: func(r *reader) Caveat { return ConfineOrganization{r.fields(1).uint64()} }},
	typeIsUser:              {name: "IsUser", read: func(r *reader) Caveat { return IsUser{r.fields(1).uint64()} }},
	typeThirdParty:          {name: "3P", read: (*reader).thirdParty},
	typeBindToParentToken:   {name: "BindToParentToken", read: func(r *reader) Caveat { return BindToParentToken(r.bytes()) }},
	typeIfPresent:           {name: "IfPresent"},
	typeMachineFeatureSet:   {name: "MachineFeatureSet", read: readNamed[MachineFeatureSet], key: "features"},
	typeFromMachineSource:   {name: "FromMachineSource", read: func(r *reader) Caveat { return FromMachineSource{r.fields(1).string()} }},
	typeClusters:            {name: "Clusters", read: readNamed[Clusters], key: "clusters"},
	typeConfineGoogleHD:     {name: "ConfineGoogleHD", read: func(r *reader) Caveat { return ConfineGoogleHD(r.string()) }},
	typeConfineGitHubOrg:    {name: "ConfineGitHubOrg", read: readNumber[ConfineGitHubOrg]},
	typeMaxValidity:         {name: "MaxValidity", read: readNumber[MaxValidity]},
	typeIsMember:            {name: "IsMember", read: (*reader).isMember},
	typeFlyioUserID:         {name: "FlyioUserID", read: readNumber[FlyioUserID]},
	typeGitHubUserID:        {name: "GitHubUserID", read: readNumber[GitHubUserID]},
	typeGoogleUserID:        {name: "GoogleUserID", read: (*reader).googleUserID},
	typeAction:              {name: "Action", read: readNumber[Action]},
	typeCommands:            {name: "Commands", read: (*reader).commands},
	typeAppFeatureSet:       {name: "AppFeatureSet", read: readNamed[AppFeatureSet], key: "features"},
	typeStorageObjects:      {name: "StorageObjects", read: readNamed[StorageObjects], key: "storage_objects"},
	typeAllowedRoles:        {name: "AllowedRoles", read: readNumber[AllowedRoles]},
	typeFlySrc:              {name: "FlySrc", read: (*reader).flySrc},
}

// known returns what is known of the type, the zero value of an unknown one.
func (t caveatType) known() knownType {
	if t < caveatType(len(knownTypes)) {
		return knownTypes[t]
	}
	return knownType{}
}

// String returns flyctl's name for the type, or the number if flyctl has no
// name for it.
func (t caveatType) String() string {
	if name := t.known().name; name != "" {
		return name
	}
	return strconv.FormatUint(uint64(t), 10)
}

// resources names what a caveat of the type is about.
func (t caveatType) resources() string {
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

// Caveat is one restriction in a macaroon. A type that this package does not
// implement is read as [Unknown].
type Caveat interface {
	// kind returns the caveat's type.
	kind() caveatType
	// encode writes the body.
	encode(w *writer)
}

// named is a resource set whose keys are names.
type named interface {
	Caveat
	names() map[string]Action
}

// Unknown is a caveat of a type that this package does not know.
// [Grant.Permits] denies every request under one, as Fly does for the types
// that it does not know.
type Unknown struct {
	// Code is the type's number.
	Code uint64
	// Body is the body, one msgpack value, as in the macaroon.
	Body []byte
}

func (c Unknown) kind() caveatType { return caveatType(c.Code) }
func (c Unknown) encode(w *writer) { w.raw(c.Body) }

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

// isAttestation reports whether c states an identity. Only a finalized
// discharge can do that.
func isAttestation(c Caveat) bool {
	switch c.(type) {
	case FlyioUserID, GitHubUserID, GoogleUserID:
		return true
	default:
		return false
	}
}

// Format writes a mask in place of the keys, for every verb. The ticket is a
// secret: it is enough to request a discharge.
func (c ThirdParty) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "3P(%s)", c.Location)
}
