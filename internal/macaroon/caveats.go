package macaroon

import "time"

// Organization confines a token to an organization and to some actions in it.
type Organization struct {
	// ID is the organization's number; 0 stands for any.
	ID uint64 `json:"id"`
	// Mask holds the actions that are allowed.
	Mask Action `json:"mask"`
}

// Apps confines a token to apps, by number, with the actions allowed on each. The
// number 0 stands for all apps and is then the only key; no key at all allows none.
type Apps map[uint64]Action

// Volumes confines a token to volumes, by id, as [Apps] does to apps. The empty
// id stands for all; so it does in the other sets by name.
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
	// NotAfter is the last second, in Unix time. The token is dead as soon as
	// the clock is past its start.
	NotAfter int64 `json:"not_after"`
}

// Window returns the caveat for a life from one instant to another, in whole
// seconds.
func Window(from, until time.Time) ValidityWindow {
	return ValidityWindow{NotBefore: from.Unix(), NotAfter: until.Unix()}
}

// Mutations allows the GraphQL mutations that it names, and nothing else.
type Mutations []string

// ConfineUser stands in a ticket: the one who authenticates must be this user.
type ConfineUser struct {
	// ID is the user's number.
	ID uint64 `json:"id"`
}

// ConfineOrganization stands in a ticket: the one who authenticates must belong
// to this organization.
type ConfineOrganization struct {
	// ID is the organization's number.
	ID uint64 `json:"id"`
}

// ConfineGoogleHD stands in a ticket: the one who authenticates must have a
// Google account of this domain.
type ConfineGoogleHD string

// ConfineGitHubOrg stands in a ticket: the one who authenticates must belong to
// this GitHub organization.
type ConfineGitHubOrg uint64

// MaxValidity stands in a ticket: the discharge must not live longer than this
// many seconds.
type MaxValidity uint64

// IsUser says whose token it is. It restricts nothing.
type IsUser struct {
	// ID is the user's number.
	ID uint64 `json:"uint64"`
}

// ThirdParty makes a token worthless without a discharge from another party.
type ThirdParty struct {
	// Location is the URL of the third party.
	Location string
	// VerifierKey is the discharge's key, sealed for the issuer of the token.
	VerifierKey []byte
	// Ticket is the discharge's key, sealed for the third party. A discharge
	// belongs to the caveat whose ticket is its key id, byte for byte.
	Ticket []byte
}

// BindToParentToken binds a discharge to one permission macaroon and what is made
// from it: a prefix of the SHA-256 of that macaroon's tail.
type BindToParentToken []byte

// IfPresent restricts requests for some resources only. Where a caveat in Ifs is
// about a resource that the request names, all those that are must allow it;
// where none is, Else says which actions are allowed.
type IfPresent struct {
	// Ifs are the caveats that hold where they apply.
	Ifs []Caveat
	// Else holds the actions allowed where none of them applies.
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

// Commands allows the execution of these commands. None at all allows none.
type Commands []Command

// Command is a command that may be executed.
type Command struct {
	// Args is the command and its arguments, or how they begin.
	Args []string `json:"args"`
	// Exact says that no further arguments may follow.
	Exact bool `json:"exact,omitempty"`
}

// AllowedRoles allows what members of an organization in these roles may do, one
// bit for each role.
type AllowedRoles uint32

// The roles, as flyio/caveats.go of superfly/macaroon numbers them.
const (
	// RoleMember is an ordinary member.
	RoleMember AllowedRoles = 1
	// RoleBillingManager sees to the bills.
	RoleBillingManager AllowedRoles = 2
	// RoleAdmin is every role there is or will be.
	RoleAdmin AllowedRoles = 0xffffffff
)

// FlySrc allows requests that come from a machine on Fly. An empty field allows
// any.
type FlySrc struct {
	// Organization is the slug of the machine's organization.
	Organization string `json:"organization"`
	// App is the name of the machine's app.
	App string `json:"app"`
	// Instance is the machine's id.
	Instance string `json:"instance"`
}
