package flyapi

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is what a failure means. It is the target for errors.Is.
type Kind string

// The kinds of an [*Error].
const (
	// ErrUnauthenticated means that Fly does not accept the token that was
	// sent, or that there was none to send.
	ErrUnauthenticated Kind = "unauthenticated"
	// ErrNotPermitted means that Fly knows the token, and that it may not do
	// what was asked.
	ErrNotPermitted Kind = "not permitted"
	// ErrNoSuchApp means that there is no app of the name, or none that the
	// token can see.
	ErrNoSuchApp Kind = "no such app"
	// ErrNoSuchOrganization means the same for an organization.
	ErrNoSuchOrganization Kind = "no such organization"
	// ErrNoSuchToken means that there is no token of the identifier.
	ErrNoSuchToken Kind = "no such token"
	// ErrUnavailable means that there was no answer of Fly's: the name did not
	// resolve, the connection or TLS failed, time ran out, the server erred, or
	// what came back was not the API's JSON.
	ErrUnavailable Kind = "unavailable"
	// ErrRateLimited means that Fly still asked for fewer requests when the
	// retries, or the time for them, had run out.
	ErrRateLimited Kind = "rate limited"
	// ErrInvalid means that Fly refused the request for what it says.
	ErrInvalid Kind = "invalid"
)

// Error returns the kind in words.
func (k Kind) Error() string { return string(k) }

// Error is a failed call.
type Error struct {
	// Op is what was being done: `mint a token for app "web"`.
	Op string
	// Kind is what the failure means.
	Kind Kind
	// Reason says why it failed, without secrets and on one line.
	Reason string
	// Fix says what the user can do; "" where there is nothing to do.
	Fix string
	// Status is the HTTP status of the answer; 0 where none came.
	Status int
	// Refused says that the call changed nothing: Fly refused it in so many words,
	// or it was never sent. After any other failure Fly may have carried it out.
	Refused bool
	// Cause is the error of the network or of the decoder behind it, if any.
	// It is not printed.
	Cause error
}

// Error returns what was being done, why it failed and what to do about it.
func (e *Error) Error() string {
	parts := []string{e.Op, e.Reason}
	if e.Fix != "" {
		parts = append(parts, e.Fix)
	}
	return strings.Join(parts, ": ")
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// Temporary reports whether the same call may succeed later without any change by
// the user.
func (e *Error) Temporary() bool { return e.Kind == ErrUnavailable || e.Kind == ErrRateLimited }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// refusedByFly reports whether a failed call changed nothing.
func refusedByFly(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Refused
}

// fixFor says what a user can do about a kind, "" where that depends on the call.
func fixFor(kind Kind) string {
	switch kind {
	case ErrUnauthenticated:
		return "log in again with `fly auth login`, or give a token that is still good in FLY_API_TOKEN"
	case ErrNotPermitted:
		return "use a login that is a member of the organization, or a token that was made for this"
	case ErrNoSuchApp:
		return "check the app's name, and that the login belongs to the app's organization"
	case ErrNoSuchOrganization:
		return "check the slug with `fly orgs list`, and that the login belongs to the organization"
	case ErrUnavailable:
		return "check the network, HTTPS_PROXY and the provider's `api` block"
	case ErrRateLimited:
		return "try again later, or lower -parallelism"
	default:
		return ""
	}
}

// reasonFor words an answer of a kind; said is what the server wrote, scrubbed.
func reasonFor(kind Kind, status int, said string) string {
	var what string
	switch kind {
	case ErrUnauthenticated:
		what = "Fly does not accept the token that was sent"
	case ErrNotPermitted:
		what = "Fly does not permit this to the token that was sent"
	case ErrNoSuchApp:
		what = "Fly knows no such app, or does not show it to this token"
	case ErrNoSuchOrganization:
		what = "Fly knows no such organization, or does not show it to this token"
	case ErrNoSuchToken:
		what = "Fly knows no such token"
	case ErrRateLimited:
		what = "Fly asks for fewer requests"
	case ErrUnavailable:
		what = "Fly's API is out of order"
	default:
		what = "Fly refused the request"
	}
	if said == "" {
		return fmt.Sprintf("%s (HTTP %d)", what, status)
	}
	return fmt.Sprintf("%s (HTTP %d, %q)", what, status, said)
}
