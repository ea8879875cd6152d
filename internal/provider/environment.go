package provider

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
)

// environment holds the values that a provider configuration takes from its
// process. Code below Configure does not read the process's environment itself,
// so that parallel tests can each have a separate one.
type environment struct {
	// variables are "NAME=value" pairs, as of os.Environ.
	variables []string
	// home is the user's home folder, or "".
	home string
	// configDir is the user's configuration folder, or "".
	configDir string
	// tempDir is the folder for temporary files.
	tempDir string
	// now returns the time, to decide when managed tokens are rotated.
	now func() time.Time
	// retryWait and showTimeout are those of [flyapi.Config]; 0 means the default.
	retryWait, showTimeout time.Duration
	// host and workingDir identify this machine and the root module. They are
	// "" if the system does not name them.
	host, workingDir string
	// engine is the parent process, or 0 if that is not an engine.
	engine int
	// journal wraps the journal in storage, so that tests can simulate the end
	// of a process.
	journal func(mint.Journal) mint.Journal
}

// processEnvironment reads the environment of this process. A folder that the
// system does not name is left empty, and only its users fail.
func processEnvironment() environment {
	env := environment{variables: os.Environ(), tempDir: os.TempDir(), now: time.Now, engine: os.Getppid(), journal: func(j mint.Journal) mint.Journal { return j }}
	if dir, err := os.UserHomeDir(); err == nil {
		env.home = dir
	}
	if dir, err := os.UserConfigDir(); err == nil {
		env.configDir = dir
	}
	if host, err := os.Hostname(); err == nil {
		env.host = host
	}
	if dir, err := os.Getwd(); err == nil {
		env.workingDir = dir
	}
	return env
}

// workspace identifies the root module and the workspace that the engine runs
// in, or "" if they cannot be identified.
func (e environment) workspace() string {
	if e.host == "" || e.workingDir == "" {
		return ""
	}
	data := e.dataDir()
	name := e.get("TF_WORKSPACE")
	if name == "" {
		selected, err := os.ReadFile(filepath.Join(data, "environment"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return ""
		}
		name = cmp.Or(strings.TrimSpace(string(selected)), "default")
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{e.host, e.workingDir, data, name}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// dataDir is the folder that the engine keeps for the root module.
func (e environment) dataDir() string {
	data := cmp.Or(e.get("TF_DATA_DIR"), ".terraform")
	if filepath.IsAbs(data) {
		return data
	}
	return filepath.Join(e.workingDir, data)
}

// lookup returns the value of a variable and whether it is set at all. If it is
// set twice the last one counts, as in a child process.
func (e environment) lookup(name string) (string, bool) {
	value, found := "", false
	for _, pair := range e.variables {
		key, v, ok := strings.Cut(pair, "=")
		if ok && sameVariable(key, name) {
			value, found = v, true
		}
	}
	return value, found
}

// get returns the value of a variable, or "".
func (e environment) get(name string) string {
	value, _ := e.lookup(name)
	return value
}

// sameVariable compares names as the system does: Windows ignores their case.
func sameVariable(a, b string) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(a, b)
	}
	return a == b
}
