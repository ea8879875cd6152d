package fakefly

import (
	"fmt"
	"time"
)

// Behaviour is what a fake does when it is called. The zero value does what
// flyctl does: it checks its arguments, and prints a new token at each call.
type Behaviour struct {
	// Stderr is printed first, whatever else happens.
	Stderr string
	// Delay is waited before anything is printed on stdout.
	Delay time.Duration
	// Stdout is printed in place of a token, where it is not empty.
	Stdout string
	// Mute prints no token either.
	Mute bool
	// Flood is how many bytes of filler are printed on stdout.
	Flood int64
	// Grandchild leaves a process behind that holds stdout and stderr open and
	// does not end by itself.
	Grandchild bool
	// Hang never ends, once everything is printed but the token.
	Hang bool
	// Status is the exit status. With another than 0 no token is printed.
	Status int
	// Lifetime is that of the tokens; 0 is what the caller asks for.
	Lifetime time.Duration
	// Online mints over the API at FLY_API_BASE_URL, as flyctl does. Otherwise
	// the token is one of the fake's own, which no server knows.
	Online bool
}

// Fail returns the behaviour of a flyctl that fails with that exit status and
// that message, a newline added.
func Fail(status int, stderr string) Behaviour {
	return Behaviour{Status: status, Stderr: stderr + "\n"}
}

// NoLogin is flyctl without a login, or with one in a file that it finds too
// old.
func NoLogin() Behaviour {
	return Fail(1, "Error: no access token available. Please login with 'flyctl auth login'")
}

// NoOrganization is flyctl that was not told the organization and has no
// terminal to ask on.
func NoOrganization() Behaviour {
	return Fail(1, "Error: failed retrieving org slug argument must be specified when not running interactively")
}

// UnknownOrganization is flyctl asked for an organization that Fly does not
// know, or not to this login.
func UnknownOrganization(slug string) Behaviour {
	return Fail(1, "Error: failed retrieving org failed retrieving organization with slug "+slug+
		": failed to run query($slug: String!) { organization(slug: $slug) { id slug } }: Could not find Organization")
}

// UnknownApp is flyctl asked for an app that Fly does not know, or not to this
// login.
func UnknownApp(app string) Behaviour {
	return Fail(1, "Error: failed retrieving app "+app+
		": failed to run query ($appName: String!) { appcompact:app(name: $appName) { id name } }: Could not find App")
}

// Unauthenticated is flyctl with a login that Fly does not accept.
func Unauthenticated() Behaviour {
	return Fail(1, "Error: failed retrieving org failed retrieving organization: You must be authenticated to view this.")
}

// ServerStatus is flyctl that was answered with an HTTP status other than 200,
// 502 and 503, which it repeats.
func ServerStatus(code int) Behaviour {
	return Fail(1, fmt.Sprintf("Error: failed retrieving org failed to run query: server returned a non-200 status code: %d", code))
}

// BadGateway is flyctl that was answered with 502 or 503 until it gave up: the
// status is lost in its message.
func BadGateway() Behaviour {
	return Fail(1, `Error: failed retrieving org failed to run query: Post "https://api.fly.io/graphql": http: server closed: transport connection broken: http: ContentLength=149 with Body length 0`)
}

// CaptivePortal is flyctl that got a web page for an answer.
func CaptivePortal() Behaviour {
	return Fail(1, "Error: failed retrieving org failed to run query: decoding response: invalid character '<' looking for beginning of value")
}

// NetworkDown is flyctl that cannot reach Fly.
func NetworkDown() Behaviour {
	return Fail(1, `Error: failed retrieving org failed to run query: Post "https://api.fly.io/graphql": dial tcp 192.0.2.1:443: connect: connection refused`)
}

// Refused is flyctl whose request for a token was turned down with that message.
func Refused(message string) Behaviour {
	return Fail(1, "Error: failed creating token: input: "+message+"\n")
}

// Locked is flyctl that could not lock its configuration within a second.
func Locked() Behaviour { return Fail(126, "Error: context deadline exceeded") }

// TooOld is a flyctl that does not know `tokens create readonly`: it prints its
// help and calls it a success.
func TooOld() Behaviour { return Behaviour{Stdout: help} }

// help is what flyctl prints on stdout for a command it does not know, abridged.
const help = `Create Fly.io API tokens

Usage:
  flyctl tokens create [command]

Available Commands:
  deploy      Create deploy tokens
  org         Create org deploy tokens

Flags:
  -h, --help   help for create
`
