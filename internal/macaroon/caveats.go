package macaroon

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Caveat is one restriction in a macaroon.
type Caveat interface {
	// kind returns the caveat's type.
	kind() Type
	// encode writes the body. A struct is an array of its fields.
	encode(w *writer)
}

// Organization confines a token to an organization and to some actions in it.
type Organization struct {
	// ID is the organization's number; 0 means any organization.
	ID uint64 `json:"id"`
	// Mask holds the actions that are allowed.
	Mask Action `json:"mask"`
}

func (Organization) kind() Type         { return typeOrganization }
func (c Organization) encode(w *writer) { w.fields(c.ID, uint64(c.Mask)) }

// Apps confines a token to apps, by number, with the actions allowed on each.
// The number 0 means all apps and must then be the only key. An empty map
// allows no app.
type Apps map[uint64]Action

func (Apps) kind() Type         { return typeApps }
func (c Apps) encode(w *writer) { encodeSet(w, c, w.uint) }

// Resources confines a token to resources of one type, by name, as [Apps] does to
// apps. The empty name means all of them.
type Resources struct {
	// Of is the type of the resources.
	Of Type
	// Allowed holds the actions that are allowed on each.
	Allowed map[string]Action
}

func (c Resources) kind() Type       { return c.Of }
func (c Resources) encode(w *writer) { encodeSet(w, c.Allowed, w.string) }

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

func (ValidityWindow) kind() Type         { return typeValidityWindow }
func (c ValidityWindow) encode(w *writer) { w.fields(c.NotBefore, c.NotAfter) }

// Mutations allows the GraphQL mutations that it names, and nothing else.
type Mutations []string

func (Mutations) kind() Type { return typeMutations }
func (c Mutations) encode(w *writer) {
	w.array(1)
	w.strings(c)
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

func (ThirdParty) kind() Type { return typeThirdParty }
func (c ThirdParty) encode(w *writer) {
	w.array(3)
	w.string(c.Location)
	w.bytes(c.VerifierKey)
	w.bytes(c.Ticket)
}

// Format writes a mask in place of the keys, for every verb. The ticket is a
// secret: it is enough to request a discharge.
func (c ThirdParty) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "3P(%s)", c.Location)
}

// IfPresent restricts requests for some resources only. If caveats in Ifs are
// about a resource that the request names, all of these must allow it. If none
// is, Else holds the allowed actions.
type IfPresent struct {
	// Ifs are the caveats that hold where they apply.
	Ifs []Caveat
	// Else holds the actions that are allowed if none of them applies.
	Else Action
}

func (IfPresent) kind() Type { return typeIfPresent }
func (c IfPresent) encode(w *writer) {
	w.array(2)
	w.caveats(c.Ifs)
	w.uint(uint64(c.Else))
}

func (Action) kind() Type         { return typeAction }
func (c Action) encode(w *writer) { w.uint(uint64(c)) }

// Commands allows the execution of these commands. An empty list allows none.
type Commands []Command

// Command is a command that may be executed.
type Command struct {
	// Args is the command and its arguments, or their beginning.
	Args []string `json:"args"`
	// Exact forbids further arguments.
	Exact bool `json:"exact,omitempty"`
}

func (Commands) kind() Type { return typeCommands }
func (c Commands) encode(w *writer) {
	w.array(len(c))
	for _, command := range c {
		w.array(2)
		w.strings(command.Args)
		w.bool(command.Exact)
	}
}

// AllowedRoles allows what members of an organization in these roles may do, one
// bit for each role, as flyio/caveats.go of superfly/macaroon numbers them.
type AllowedRoles uint32

const (
	roleMember AllowedRoles = 1
	// roleAdmin includes every role, future ones too.
	roleAdmin AllowedRoles = 0xffffffff
)

func (AllowedRoles) kind() Type         { return typeAllowedRoles }
func (c AllowedRoles) encode(w *writer) { w.uint(uint64(c)) }

// Other is any other caveat: of a ticket, of a discharge, or of a type that this
// package does not know. Most allow no request, as Fly denies every request under
// a type that it does not know.
type Other struct {
	// Type is the type's number.
	Type Type
	// Body is the body, one msgpack value, as in the macaroon.
	Body []byte
}

func (c Other) kind() Type       { return c.Type }
func (c Other) encode(w *writer) { w.buf.Write(c.Body) }

// encodeSet writes a resource set: an array of one map with ascending keys.
func encodeSet[K cmp.Ordered](w *writer, set map[K]Action, key func(K)) {
	w.array(1)
	w.mapping(len(set))
	for _, k := range slices.Sorted(maps.Keys(set)) {
		key(k)
		w.uint(uint64(set[k]))
	}
}
