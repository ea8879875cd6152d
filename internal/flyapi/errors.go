package flyapi

import (
	"errors"
	"fmt"
	"strings"
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
	op string
	// kind is the meaning of the failure.
	kind Kind
	// Reason is the cause, without secrets and on one line.
	Reason string
	// Fix is the advice for the user, or "".
	Fix string
	// status is the HTTP status of the answer, or 0 without an answer.
	status int
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
	parts := []string{"cannot " + e.op, e.Reason}
	if e.Fix != "" {
		parts = append(parts, e.Fix)
	}
	return strings.Join(parts, ": ")
}

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

// refusedByFly reports whether a failed call changed nothing.
func refusedByFly(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.refused
}

// fixFor returns the advice for a kind, or "" if it depends on the call.
func fixFor(kind Kind) string {
	switch kind {
	case ErrUnauthenticated:
		return "log in again with `fly auth login`, or set FLY_API_TOKEN to a valid token"
	case ErrNotPermitted:
		return "use the login of a member of the organization, or a token with this permission"
	case ErrNoSuchApp:
		return "check the app's name, and that the login belongs to the app's organization"
	case ErrNoSuchOrganization:
		return "check the slug with `fly orgs list`, and that the login belongs to the organization"
	case ErrUnavailable:
		return "check the network, HTTPS_PROXY and the provider's `api` block"
	case ErrRateLimited:
		return "try again later, or lower api.max_parallel"
	default:
		return ""
	}
}

// reasonFor describes an answer of a kind. said is the server's message,
// scrubbed.
func reasonFor(kind Kind, status int, said string) string {
	var what string
	switch kind {
	case ErrUnauthenticated:
		what = "Fly does not accept the token that was sent"
	case ErrNotPermitted:
		what = "Fly does not permit this with the token that was sent"
	case ErrNoSuchApp:
		what = "the app does not exist, or this token cannot see it"
	case ErrNoSuchOrganization:
		what = "the organization does not exist, or this token cannot see it"
	case ErrNoSuchToken:
		what = "the token does not exist"
	case ErrRateLimited:
		what = "Fly asks for fewer requests"
	case ErrUnavailable:
		what = "Fly's API reports a failure"
	default:
		what = "Fly refused the request"
	}
	if said == "" {
		return fmt.Sprintf("%s (HTTP %d)", what, status)
	}
	return fmt.Sprintf("%s (HTTP %d, %q)", what, status, said)
}
