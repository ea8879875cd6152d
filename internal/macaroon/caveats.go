package macaroon

import "time"

// Organization confines a token to an organization and to some actions in it.
type Organization struct {
	// ID is the organization's number; 0 means any organization.
	ID uint64 `json:"id"`
	// Mask holds the actions that are allowed.
	Mask Action `json:"mask"`
}

// Apps confines a token to apps, by number, with the actions allowed on each.
// The number 0 means all apps and must then be the only key. An empty map
// allows no app.
type Apps map[uint64]Action

// Volumes confines a token to volumes, by id, as [Apps] does to apps. The empty
// id means all volumes. The same applies to the other sets whose keys are
// names.
type Volumes map[string]Action

// Machines confines a token to machines, by id.
type Machines map[string]Action

// FeatureSet confines a token to features of the organization: "wg", "builder"
// and others.
type FeatureSet map[string]Action

// MachineFeatureSet confines a token to features of a machine.
type MachineFeatureSet map[string]Action

// AppFeatureSet confines a token to features of an app.
type AppFeatureSet map[string]Action

// Clusters confines a token to LiteFS Cloud clusters.
type Clusters map[string]Action

// StorageObjects confines a token to objects in storage, by prefix of their URL.
type StorageObjects map[string]Action

// ValidityWindow bounds a token's life. Both ends are inside it.
type ValidityWindow struct {
	// NotBefore is the first second, in Unix time.
	NotBefore int64 `json:"not_before"`
	// NotAfter is the last second, in Unix time. The token expires as soon as
	// this second has begun.
	NotAfter int64 `json:"not_after"`
}

// Window returns the caveat from one instant to the other, in whole seconds.
func Window(from, until time.Time) ValidityWindow {
	return ValidityWindow{NotBefore: from.Unix(), NotAfter: until.Unix()}
}

// Mutations allows the GraphQL mutations that it names, and nothing else.
type Mutations []string

// ConfineUser is a caveat of a ticket: the person who authenticates must be
// this user.
type ConfineUser struct {
	// ID is the user's number.
	ID uint64 `json:"id"`
}

// ConfineOrganization is a caveat of a ticket: the person who authenticates
// must belong to this organization.
type ConfineOrganization struct {
	// ID is the organization's number.
	ID uint64 `json:"id"`
}

// ConfineGoogleHD is a caveat of a ticket: the person who authenticates must
// have a Google account of this domain.
type ConfineGoogleHD string

// ConfineGitHubOrg is a caveat of a ticket: the person who authenticates must
// belong to this GitHub organization.
type ConfineGitHubOrg uint64

// MaxValidity is a caveat of a ticket: the discharge must not be valid for
// longer than this many seconds.
type MaxValidity uint64

// IsUser names the token's user. It restricts nothing.
type IsUser struct {
	// ID is the user's number.
	ID uint64 `json:"uint64"`
}

// ThirdParty makes a token unusable without a discharge from a third party.
type ThirdParty struct {
	// Location is the URL of the third party.
	Location string
	// VerifierKey is the discharge's key, sealed for the issuer of the token.
	VerifierKey []byte
	// Ticket is the discharge's key, sealed for the third party. A discharge
	// belongs to the caveat whose ticket is its key id, byte for byte.
	Ticket []byte
}

// BindToParentToken binds a discharge to one permission macaroon and those
// attenuated from it: a prefix of the SHA-256 of that macaroon's tail.
type BindToParentToken []byte

// IfPresent restricts requests for some resources only. If caveats in Ifs are
// about a resource that the request names, all of these must allow it. If none
// is, Else holds the allowed actions.
type IfPresent struct {
	// Ifs are the caveats that hold where they apply.
	Ifs []Caveat
	// Else holds the actions that are allowed if none of them applies.
	Else Action
}

// FromMachineSource allows requests that come from one machine.
type FromMachineSource struct {
	// ID is the machine's id.
	ID string `json:"id"`
}

// IsMember allows what members of an organization may do, as
// AllowedRoles(RoleMember) does.
type IsMember struct{}

// FlyioUserID states in a discharge which Fly user authenticated.
type FlyioUserID uint64

// GitHubUserID states in a discharge which GitHub user authenticated.
type GitHubUserID uint64

// GoogleUserID states in a discharge which Google user authenticated: a number,
// highest byte first.
type GoogleUserID []byte

// Commands allows the execution of these commands. An empty list allows none.
type Commands []Command

// Command is a command that may be executed.
type Command struct {
	// Args is the command and its arguments, or their beginning.
	Args []string `json:"args"`
	// Exact forbids further arguments.
	Exact bool `json:"exact,omitempty"`
}

// AllowedRoles allows what members of an organization in these roles may do, one
// bit for each role.
type AllowedRoles uint32

// The roles, as flyio/caveats.go of superfly/macaroon numbers them.
const (
	// RoleMember is an ordinary member.
	RoleMember AllowedRoles = 1
	// RoleBillingManager manages billing.
	RoleBillingManager AllowedRoles = 2
	// RoleAdmin includes every role, future ones too.
	RoleAdmin AllowedRoles = 0xffffffff
)

// FlySrc allows requests that come from a machine on Fly. An empty field allows
// any value.
type FlySrc struct {
	// Organization is the slug of the machine's organization.
	Organization string `json:"organization"`
	// App is the name of the machine's app.
	App string `json:"app"`
	// Instance is the machine's id.
	Instance string `json:"instance"`
}
