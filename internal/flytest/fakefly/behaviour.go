package fakefly

import (
	"strings"
	"time"
)

// Behaviour configures a fake. The zero value behaves like flyctl: it checks
// its arguments, and prints a new token at each call.
type Behaviour struct {
	// Stderr is always printed first.
	Stderr string
	// Delay is the wait before any output on stdout.
	Delay time.Duration
	// Stdout, if not empty, is printed in place of a token.
	Stdout string
	// Mute suppresses the token.
	Mute bool
	// Flood is the number of filler bytes on stdout.
	Flood int64
	// Grandchild leaves a process behind that holds stdout and stderr open and
	// does not end by itself.
	Grandchild bool
	// Hang never ends, after it has printed everything except the token.
	Hang bool
	// Status is the exit status. Unless it is 0, no token is printed.
	Status int
	// OtherProgram answers `version` like every other command. Without it, the
	// answer is flyctl's.
	OtherProgram bool
	// Online mints over the API at FLY_API_BASE_URL, as flyctl does. Without
	// it, the token is the fake's own and unknown to every server.
	Online bool
}

// Fail returns the behaviour of a flyctl that fails with that exit status and
// that message, a newline added.
func Fail(status int, stderr string) Behaviour {
	return Behaviour{Status: status, Stderr: stderr + "\n"}
}

// NoLogin is flyctl without a login, or with one that it considers too old.
func NoLogin() Behaviour { return Recorded("no login") }

// NoOrganization is flyctl that did not get an organization and has no terminal
// to ask on.
func NoOrganization() Behaviour {
	return Fail(1, "Error: failed retrieving org slug argument must be specified when not running interactively")
}

// UnknownOrganization is flyctl for an organization that does not exist, or
// that this login cannot see.
func UnknownOrganization(slug string) Behaviour {
	b := answered("readonly scoped login", "Could not find Organization")
	b.Stderr = strings.Replace(b.Stderr, "slug acme", "slug "+slug, 1)
	return b
}

// unknownApp is flyctl for an app that does not exist, or that this login
// cannot see.
func unknownApp(app string) Behaviour {
	b := Recorded("deploy missing app")
	b.Stderr = strings.Replace(b.Stderr, "missing-web", app, 1)
	return b
}

// Unauthenticated is flyctl with a login that Fly does not accept.
func Unauthenticated() Behaviour { return Recorded("readonly scoped login") }

// BadGateway is flyctl that got 502 or 503 until it gave up, in the versions
// that lose the status.
func BadGateway() Behaviour {
	return answered("readonly reset", `Post "https://api.fly.io/graphql": http: server closed: transport connection broken: http: ContentLength=149 with Body length 0`)
}

// NetworkDown is flyctl that cannot reach Fly.
func NetworkDown() Behaviour { return Recorded("readonly closed port") }

// Refused is flyctl whose request for a token Fly refused with that message.
func Refused(message string) Behaviour {
	return Fail(1, "Error: failed creating token: input: "+message+"\n")
}

// Shim is the shim of a version manager that has no version of flyctl to run.
func Shim() Behaviour {
	b := Fail(126, "No version is set for command fly\nConsider adding one of the following versions in your config file at .tool-versions")
	b.OtherProgram = true
	return b
}

// Concourse is a different program with the name fly, that of the CI system
// Concourse.
func Concourse() Behaviour {
	b := Fail(1, "error: Unknown command `tokens'. Please specify one command of: abort-build, builds, containers or workers")
	b.OtherProgram = true
	return b
}

// TooOld is a flyctl without `tokens create readonly`: it prints its help and
// exits with 0.
func TooOld() Behaviour { return Behaviour{Stdout: help} }

// help is flyctl's output on stdout for an unknown command, abridged.
const help = `Create Fly.io API tokens

Usage:
  flyctl tokens create [command]

Available Commands:
  deploy      Create deploy tokens
  org         Create org deploy tokens

Flags:
  -h, --help   help for create
`
