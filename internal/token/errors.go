package token

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrStop is wrapped by an error of a [Source] that ends the resolution: a
// manual record exists but cannot be read.
var ErrStop = errors.New("the chain stops here")

// ErrRejected is wrapped by a source's miss if Fly refused its token.
var ErrRejected = errors.New("rejected by Fly")

// ErrMintUncertain is wrapped by the error of a failed mint if Fly may have made the
// token, and the token could not be revoked. The mint stays announced.
var ErrMintUncertain = errors.New("a token may have been made at Fly")

// ErrOutOfReach is wrapped when Fly answered that a token is valid, but not for the
// app. It is a form of [ErrRejected].
var ErrOutOfReach = fmt.Errorf("%w: the token has no access to this app", ErrRejected)

// IsTemporary reports whether a source's miss may be temporary.
func IsTemporary(err error) bool {
	var miss *MissError
	if errors.As(err, &miss) && miss.Temporary {
		return true
	}
	var temporary interface{ Temporary() bool }
	return errors.As(err, &temporary) && temporary.Temporary() || errors.Is(err, context.DeadlineExceeded)
}

// MissError is a source's reason for having no token, with advice.
type MissError struct {
	// Reason is the cause, in a few lower-case words.
	Reason string
	// Fix says what the user can do; "" if there is nothing to do.
	Fix string
	// Temporary means that a later attempt may succeed without any change by
	// the user: time ran out, no answer came, the server failed or asked for
	// fewer requests. A refusal is not temporary.
	Temporary bool
	// Cause is the underlying error, if any. It is not printed.
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

// Attempt is the result of one source in a failed resolution.
type Attempt struct {
	// Source is the source.
	Source SourceName
	// Err says why it gave no token, in the words of the source.
	Err error
}

// NoTokenError means that no source had a token for an app. It holds the reason
// of each.
type NoTokenError struct {
	// request is the failed request.
	request Request
	// Attempts holds one entry for each source, in their order.
	Attempts []Attempt
}

// Error returns one line that names the app, and one for each source.
func (e *NoTokenError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no token for app %q", e.request.App)
	for _, a := range e.Attempts {
		fmt.Fprintf(&b, "\n%s: %s", a.Source, oneLine(a.Err.Error()))
	}
	return b.String()
}

// Unwrap returns the error of each attempt, for errors.Is and errors.As.
func (e *NoTokenError) Unwrap() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

// oneLine turns a source's message, which may quote a tool, into one line.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

// miss records a source's reason and replaces an earlier one, so that a source
// that is asked twice has one line. An earlier fault is kept if the source now
// merely has nothing.
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
