package flyapi

import (
	"errors"
	"fmt"
)

// Kind is the meaning of a failure. It is a target for errors.Is.
type Kind string

// The kinds of an [*Error].
const (
	// ErrUnauthenticated means that Fly does not accept the token, or that
	// there was no token to send.
	ErrUnauthenticated Kind = "unauthenticated"
	// ErrNotPermitted means that Fly knows the token and does not permit it the
	// request.
	ErrNotPermitted Kind = "not permitted"
	// ErrNoSuchApp means that no app has the name, or that the token cannot see
	// it.
	ErrNoSuchApp Kind = "no such app"
	// ErrNoSuchOrganization means the same for an organization.
	ErrNoSuchOrganization Kind = "no such organization"
	// ErrNoSuchToken means that no token has the identifier.
	ErrNoSuchToken Kind = "no such token"
	// ErrUnavailable means that Fly gave no answer. The name did not resolve,
	// the connection or TLS failed, time ran out, the server failed, or the
	// answer was not the API's JSON.
	ErrUnavailable Kind = "unavailable"
	// ErrRateLimited means that Fly still asked for fewer requests after the
	// last retry.
	ErrRateLimited Kind = "rate limited"
	// ErrInvalid means that Fly refused the request's content.
	ErrInvalid Kind = "invalid"
)

// Error returns the name of the kind.
func (k Kind) Error() string { return string(k) }

// Error is a failed call.
type Error struct {
	// op is the failed operation: `mint a token for app "web"`.
	op   string
	kind Kind
	// Reason is the cause, without secrets and on one line.
	Reason string
	// Fix is the advice for the user, or "".
	Fix string
	// refused means that the call changed nothing: Fly refused it explicitly,
	// or it was never sent. After any other failure Fly may have carried it
	// out.
	refused bool
	// cause is the underlying error of the network or the decoder, if any. It
	// is not printed.
	cause error
}

// Error returns the operation, the reason and the advice.
func (e *Error) Error() string {
	if e.Fix == "" {
		return e.withoutFix()
	}
	return e.withoutFix() + ": " + e.Fix
}

func (e *Error) withoutFix() string { return "cannot " + e.op + ": " + e.Reason }

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.kind
}

// Temporary reports whether the same call may succeed later without any change by
// the user.
func (e *Error) Temporary() bool { return e.kind == ErrUnavailable || e.kind == ErrRateLimited }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

func refusedByFly(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.refused
}

// about has the message for an answer of each kind, and the advice, or "" if it
// depends on the call.
var about = map[Kind]struct{ message, fix string }{
	ErrUnauthenticated: {
		"Fly does not accept the token that was sent",
		"log in again with `fly auth login`, or set FLY_API_TOKEN to a valid token",
	},
	ErrNotPermitted: {
		"Fly does not permit this with the token that was sent",
		"use the login of a member of the organization, or a token with this permission",
	},
	ErrNoSuchApp: {
		"the app does not exist, or this token cannot see it",
		"check the app's name, and that the login belongs to the app's organization",
	},
	ErrNoSuchOrganization: {
		"the organization does not exist, or this token cannot see it",
		"check the slug with `fly orgs list`, and that the login belongs to the organization",
	},
	ErrNoSuchToken: {"the token does not exist", ""},
	ErrUnavailable: {"Fly's API reports a failure", "check the network, HTTPS_PROXY and the provider's `api` block"},
	ErrRateLimited: {"Fly asks for fewer requests", "try again later, or lower api.max_parallel"},
	ErrInvalid:     {"Fly refused the request", ""},
}

// failure is a failed call with the advice for its kind.
func failure(op string, kind Kind, reason string) *Error {
	return &Error{op: op, kind: kind, Reason: reason, Fix: about[kind].fix}
}

// answered is the error for an answer of a known kind. said is its message, without
// secrets.
func answered(op string, kind Kind, status int, said string) *Error {
	if said == "" {
		return failure(op, kind, fmt.Sprintf("%s (HTTP %d)", about[kind].message, status))
	}
	return failure(op, kind, fmt.Sprintf("%s (HTTP %d, %q)", about[kind].message, status, said))
}

// invalid is the error of an invalid call, which is not sent.
func invalid(op string, cause error) *Error {
	e := failure(op, ErrInvalid, cause.Error())
	e.cause, e.refused = cause, true
	return e
}
