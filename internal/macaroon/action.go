package macaroon

import "strings"

// Action is a set of actions, one bit each. A caveat allows such a set and a
// request asks for one. Added to a macaroon by itself, it is a caveat that
// allows only these actions, on any resource.
type Action uint16

// The actions, as resset/action.go of superfly/macaroon numbers them.
const (
	// ActionRead reads a resource.
	ActionRead Action = 1 << iota
	// ActionWrite changes a resource.
	ActionWrite
	// ActionCreate creates a resource.
	ActionCreate
	// ActionDelete deletes a resource.
	ActionDelete
	// ActionControl starts, stops and signals a resource.
	ActionControl

	// ActionNone is no action.
	ActionNone Action = 0
	// ActionAll is every action that Fly has a letter for.
	ActionAll = ActionRead | ActionWrite | ActionCreate | ActionDelete | ActionControl

	// actionAny also holds the bits without a letter. A mask of "*" is stored
	// like this.
	actionAny Action = 0xffff
)

// actionLetters holds the letter of each bit, lowest first.
const actionLetters = "rwcdC"

// ParseAction reads a set of actions as flyctl writes it: letters of "rwcdC" in
// any order, or "*" for all of them. The second result is false for any other
// text.
func ParseAction(s string) (a Action, ok bool) {
	if s == "*" {
		return ActionAll, true
	}
	for _, letter := range s {
		i := strings.IndexRune(actionLetters, letter)
		if i < 0 {
			return ActionNone, false
		}
		a |= 1 << i
	}
	return a, a != ActionNone
}

func (a Action) in(mask Action) bool { return a&mask == a }

// String returns the letters of a, "" for no action. Bits without a letter are
// left out, as in flyctl's output.
func (a Action) String() string {
	letters := make([]byte, 0, len(actionLetters))
	for i := range len(actionLetters) {
		if a&(1<<i) != 0 {
			letters = append(letters, actionLetters[i])
		}
	}
	return string(letters)
}

// MarshalText returns the letters of a.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
