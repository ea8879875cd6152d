package token

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrStop is wrapped by an error of a [Source] after which the chain must not go
// on: a manual record that is there but cannot be read.
var ErrStop = errors.New("the chain stops here")

// ErrRejected is wrapped by a link's miss when Fly refused the token that it
// had.
var ErrRejected = errors.New("rejected by Fly")

// ErrUnsettled is wrapped by the error of a failed mint if Fly may have made the
// token, and the token could not be revoked. The mint stays announced.
var ErrUnsettled = errors.New("a token may have been made at Fly")

// ErrOutOfReach is wrapped when Fly answered that a token is valid, but not for the
// app. It is a form of [ErrRejected].
var ErrOutOfReach = fmt.Errorf("%w: the token does not open this app", ErrRejected)

// isTemporary reports whether a link's miss may be over at the next try.
func isTemporary(err error) bool {
	var miss *MissError
	if errors.As(err, &miss) && miss.Temporary {
		return true
	}
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary() || errors.Is(err, context.DeadlineExceeded)
}

// MissError is a link's reason for having no token, with the way to change
// that.
type MissError struct {
	// Reason says why, in a few lower-case words.
	Reason string
	// Fix says what the user can do; "" if there is nothing to do.
	Fix string
	// Temporary says that the same question may be answered later without any
	// change by the user: time ran out, there was no answer, the server erred or
	// asked for fewer requests. A refusal is not temporary.
	Temporary bool
	// Cause is the error behind it, if any. It is not printed.
	Cause error
}

// Error returns the reason and the fix on one line.
func (e *MissError) Error() string {
	if e.Fix == "" {
		return e.Reason
	}
	return e.Reason + ": " + e.Fix
}

// Unwrap returns the cause.
func (e *MissError) Unwrap() error { return e.Cause }

// Attempt is one link's part in a failed resolution.
type Attempt struct {
	// Source is the link.
	Source SourceName
	// Err says why it gave no token, in the words of the link.
	Err error
}

// NoTokenError says that no link had a token for an app, and why each had none.
type NoTokenError struct {
	// Request is what was asked for.
	Request Request
	// Attempts holds one entry for each link, in the order of the chain.
	Attempts []Attempt
}

// Error returns one line that names the app, and one for each link.
func (e *NoTokenError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no token for app %q", e.Request.App)
	for _, a := range e.Attempts {
		fmt.Fprintf(&b, "\n%s: %s", a.Source, oneLine(a.Err.Error()))
	}
	return b.String()
}

// Unwrap returns the error of each attempt, so that errors.Is and errors.As see
// through to any of them.
func (e *NoTokenError) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// oneLine keeps a link's line a line, whatever a tool printed.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

// miss notes a source's reason, in place of an earlier one: a source that is
// asked again has one line. That nothing is there any more says less than what
// was wrong with it.
func (e *NoTokenError) miss(source SourceName, err error) {
	for i, a := range e.Attempts {
		if a.Source == source {
			if !errors.Is(err, ErrNoRecord) {
				e.Attempts[i].Err = err
			}
			return
		}
	}
	e.Attempts = append(e.Attempts, Attempt{Source: source, Err: err})
}
