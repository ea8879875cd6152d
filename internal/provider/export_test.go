package provider

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// World is the environment that a test gives to a provider.
type World struct {
	// Variables are "NAME=value" pairs.
	Variables []string
	// Home, ConfigDir and TempDir are folders, "" if the system names none.
	Home, ConfigDir, TempDir string
	// Now returns the time that decides about rotations; nil means the real
	// time.
	Now func() time.Time
	// ShowTimeout bounds a check of a token; 0 means the usual time.
	ShowTimeout time.Duration
	// WorkingDir is the root module's folder; "" means that it is unknown.
	WorkingDir string
	// Journal wraps the journal in storage; nil leaves it unchanged.
	Journal func(mint.Journal) mint.Journal
}

// Offline are variables that set Fly's APIs to unused addresses. A test that
// needs the APIs sets others after these.
var Offline = []string{"FLY_API_BASE_URL=http://127.0.0.1:1", "FLY_FLAPS_BASE_URL=http://127.0.0.1:1"}

// NewIn is a provider with a test's environment.
func NewIn(w World) func() provider.Provider {
	constructor, _ := NewEnding(w)
	return constructor
}

// NewEnding is [NewIn], with the function that [Serve] calls at the end.
func NewEnding(w World) (constructor func() provider.Provider, end func(context.Context) error) {
	p := newProcess()
	now := w.Now
	if now == nil {
		now = time.Now
	}
	journal := w.Journal
	if journal == nil {
		journal = func(j mint.Journal) mint.Journal { return j }
	}
	return newProvider("test", func() environment {
		return environment{
			variables: append(slices.Clone(Offline), w.Variables...),
			home:      w.Home, configDir: w.ConfigDir, tempDir: w.TempDir, now: now,
			retryWait: time.Millisecond, showTimeout: w.ShowTimeout,
			host: "host", workingDir: w.WorkingDir, journal: journal,
		}
	}, p), p.end
}

// NewServer is newServer.
var NewServer = newServer

// Absolute is absolute.
var Absolute = absolute

// EngineState is the version of the state file of an engine with that process number.
func EngineState(workingDir string, pid int) (version, engine string) {
	state := environment{workingDir: workingDir, engine: pid}.engineState()
	return state.version, state.engine
}

// Lost is what the state file of an engine with that process number has lost of a mint.
func Lost(workingDir string, pid int, one token.Mint) mint.Loss {
	e := environment{workingDir: workingDir, engine: pid}
	return e.lost(e.engineState(), one)
}

// SecretArguments is secretArguments.
var SecretArguments = secretArguments

// SocketName is socketName.
const SocketName = socketName

// CheckSocketFolder is checkSocketFolder with folder as TMPDIR.
func CheckSocketFolder(folder string) error { return checkSocketFolder(environment{tempDir: folder}) }
