package macaroon

import (
	"fmt"
	"strconv"
)

// CaveatType is the number of a kind of caveat on the wire.
type CaveatType uint64

// The types that Fly uses, as caveat.go of superfly/macaroon numbers them.
const (
	TypeOrganization        CaveatType = 0
	TypeVolumes             CaveatType = 2
	TypeApps                CaveatType = 3
	TypeValidityWindow      CaveatType = 4
	TypeFeatureSet          CaveatType = 5
	TypeMutations           CaveatType = 6
	TypeMachines            CaveatType = 7
	TypeConfineUser         CaveatType = 8
	TypeConfineOrganization CaveatType = 9
	TypeIsUser              CaveatType = 10
	TypeThirdParty          CaveatType = 11
	TypeBindToParentToken   CaveatType = 12
	TypeIfPresent           CaveatType = 13
	TypeMachineFeatureSet   CaveatType = 14
	TypeFromMachineSource   CaveatType = 15
	TypeClusters            CaveatType = 16
	TypeConfineGoogleHD     CaveatType = 19
	TypeConfineGitHubOrg    CaveatType = 20
	TypeMaxValidity         CaveatType = 21
	TypeIsMember            CaveatType = 22
	TypeFlyioUserID         CaveatType = 23
	TypeGitHubUserID        CaveatType = 24
	TypeGoogleUserID        CaveatType = 25
	TypeAction              CaveatType = 26
	TypeCommands            CaveatType = 27
	TypeAppFeatureSet       CaveatType = 28
	TypeStorageObjects      CaveatType = 29
	TypeAllowedRoles        CaveatType = 30
	TypeFlySrc              CaveatType = 31
)

// String returns flyctl's name for the type, or the number if flyctl has no
// name for it.
func (t CaveatType) String() string {
	names := [...]string{
		TypeOrganization: "Organization", TypeVolumes: "Volumes", TypeApps: "Apps",
		TypeValidityWindow: "ValidityWindow", TypeFeatureSet: "FeatureSet", TypeMutations: "Mutations",
		TypeMachines: "Machines", TypeConfineUser: "ConfineUser", TypeConfineOrganization: "ConfineOrganization",
		TypeIsUser: "IsUser", TypeThirdParty: "3P", TypeBindToParentToken: "BindToParentToken",
		TypeIfPresent: "IfPresent", TypeMachineFeatureSet: "MachineFeatureSet",
		TypeFromMachineSource: "FromMachineSource", TypeClusters: "Clusters",
		TypeConfineGoogleHD: "ConfineGoogleHD", TypeConfineGitHubOrg: "ConfineGitHubOrg",
		TypeMaxValidity: "MaxValidity", TypeIsMember: "IsMember", TypeFlyioUserID: "FlyioUserID",
		TypeGitHubUserID: "GitHubUserID", TypeGoogleUserID: "GoogleUserID", TypeAction: "Action",
		TypeCommands: "Commands", TypeAppFeatureSet: "AppFeatureSet", TypeStorageObjects: "StorageObjects",
		TypeAllowedRoles: "AllowedRoles", TypeFlySrc: "FlySrc",
	}
	if t < CaveatType(len(names)) && names[t] != "" {
		return names[t]
	}
	return strconv.FormatUint(uint64(t), 10)
}

// Caveat is one restriction in a macaroon. A type that this package does not
// implement is read as [Unknown].
type Caveat interface {
	// Type returns the number of the caveat's type.
	Type() CaveatType
	// encode writes the body.
	encode(w *writer)
}

// Unknown is a caveat of a type that this package does not know.
// [Grant.Permits] denies every request under one, as Fly does for the types
// that it does not know.
type Unknown struct {
	// Code is the type's number.
	Code CaveatType
	// Body is the body, one msgpack value, as in the macaroon.
	Body []byte
}

// Type returns the number that the macaroon gives.
func (c Unknown) Type() CaveatType { return c.Code }

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
