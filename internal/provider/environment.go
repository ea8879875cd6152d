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
	// host and workingDir identify this machine and the root module, "" where the
	// system does not name them.
	host, workingDir string
	// journal wraps the one in storage, so that tests can end a process without
	// ending themselves.
	journal func(mint.Journal) mint.Journal
}

// processEnvironment reads the environment of this process. A folder that the
// system does not name is left empty: only what needs it fails.
func processEnvironment() environment {
	env := environment{variables: os.Environ(), tempDir: os.TempDir(), now: time.Now, journal: func(j mint.Journal) mint.Journal { return j }}
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

// workspace identifies the root module and the workspace that the engine runs in,
// "" where they cannot be identified.
func (e environment) workspace() string {
	if e.host == "" || e.workingDir == "" {
		return ""
	}
	data := cmp.Or(e.get("TF_DATA_DIR"), ".terraform")
	if !filepath.IsAbs(data) {
		data = filepath.Join(e.workingDir, data)
	}
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
