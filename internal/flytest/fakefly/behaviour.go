package fakefly

import (
	"strings"
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
	// OtherProgram answers `version` as everything else. Otherwise the answer is
	// flyctl's.
	OtherProgram bool
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
func NoLogin() Behaviour { return Recorded("no login") }

// NoOrganization is flyctl that did not get an organization and has no terminal
// to ask on.
func NoOrganization() Behaviour {
	return Fail(1, "Error: failed retrieving org slug argument must be specified when not running interactively")
}

// UnknownOrganization is flyctl asked for an organization that Fly does not
// know, or not to this login.
func UnknownOrganization(slug string) Behaviour {
	b := answered("readonly scoped login", "Could not find Organization")
	b.Stderr = strings.Replace(b.Stderr, "slug acme", "slug "+slug, 1)
	return b
}

// UnknownApp is flyctl asked for an app that Fly does not know, or not to this
// login.
func UnknownApp(app string) Behaviour {
	b := Recorded("deploy missing app")
	b.Stderr = strings.Replace(b.Stderr, "missing-web", app, 1)
	return b
}

// Unauthenticated is flyctl with a login that Fly does not accept.
func Unauthenticated() Behaviour { return Recorded("readonly scoped login") }

// BadGateway is flyctl that was answered with 502 or 503 until it gave up, in the
// versions that lose the status.
func BadGateway() Behaviour {
	return answered("readonly reset", `Post "https://api.fly.io/graphql": http: server closed: transport connection broken: http: ContentLength=149 with Body length 0`)
}

// NetworkDown is flyctl that cannot reach Fly.
func NetworkDown() Behaviour { return Recorded("readonly closed port") }

// Refused is flyctl whose request for a token was turned down with that message.
func Refused(message string) Behaviour {
	return Fail(1, "Error: failed creating token: input: "+message+"\n")
}

// Shim is the shim of a version manager that has no version of flyctl to run.
func Shim() Behaviour {
	b := Fail(126, "No version is set for command fly\nConsider adding one of the following versions in your config file at .tool-versions")
	b.OtherProgram = true
	return b
}

// Concourse is another program of the name fly: that of the CI system Concourse.
func Concourse() Behaviour {
	b := Fail(1, "error: Unknown command `tokens'. Please specify one command of: abort-build, builds, containers or workers")
	b.OtherProgram = true
	return b
}

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
