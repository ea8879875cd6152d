package provider

import (
	"os"
	"runtime"
	"strings"
	"time"
)

// environment is what a provider configuration takes from the process around it.
// Nothing below Configure reads the process's environment itself, so that tests
// run side by side, each with one of its own.
type environment struct {
	// variables are "NAME=value" pairs, as of os.Environ.
	variables []string
	// home is the user's home folder, "" where there is none.
	home string
	// configDir is the user's configuration folder, "" where there is none.
	configDir string
	// tempDir is where temporary files go.
	tempDir string
	// now tells the time by which managed tokens are rotated.
	now func() time.Time
}

// processEnvironment reads the environment of this process. A folder that the
// system does not name is left empty: only what needs it fails.
func processEnvironment() environment {
	env := environment{variables: os.Environ(), tempDir: os.TempDir(), now: time.Now}
	if dir, err := os.UserHomeDir(); err == nil {
		env.home = dir
	}
	if dir, err := os.UserConfigDir(); err == nil {
		env.configDir = dir
	}
	return env
}

// lookup returns the value of a variable and whether it is set at all. Of two
// settings the last one counts, as it does for a child process.
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

// get returns the value of a variable, "" where it is unset.
func (e environment) get(name string) string {
	value, _ := e.lookup(name)
	return value
}

// sameVariable compares names as the system does: Windows knows no case.
func sameVariable(a, b string) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(a, b)
	}
	return a == b
}
