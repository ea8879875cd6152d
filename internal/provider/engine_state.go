package provider

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// engineState is an engine's local state file, at one moment.
type engineState struct {
	// name is the name of the file.
	name string
	// version identifies the file and its contents. While it is unchanged, the
	// engine has written no state.
	version string
	// engine identifies the engine's process.
	engine string
}

// engineState returns the state file that the engine has locked. It is zero if the
// engine uses a different backend, runs with -lock=false, or has left a state that
// it could not write.
func (e environment) engineState() engineState {
	if e.workingDir == "" || e.engine == 0 {
		return engineState{}
	}
	if _, err := os.Lstat(filepath.Join(e.workingDir, "errored.tfstate")); err == nil {
		return engineState{}
	}
	names, _ := filepath.Glob(filepath.Join(e.workingDir, "terraform.tfstate.d", "*", "terraform.tfstate")) // the pattern is valid
	for _, name := range append(names, filepath.Join(e.workingDir, "terraform.tfstate")) {
		if version := lockedFile(name, e.engine); version != "" {
			return engineState{name: name, version: version, engine: strconv.Itoa(e.engine)}
		}
	}
	return engineState{}
}

// emptied reports whether the file is empty, and is the file of an earlier version.
func (s engineState) emptied(earlier string) bool {
	before, now := strings.Split(earlier, ":"), strings.Split(s.version, ":")
	return len(before) == len(now) && slices.Equal(before[:2], now[:2]) && now[2] == "0"
}

// lost reports what a state, as it was before this run wrote it, has lost of a mint.
// An engine that is killed while it writes leaves an empty file, beside a backup of
// what the file was before the run. An engine that moves a state to a different
// backend leaves the same, with a backup of what it moved.
func (e environment) lost(start engineState, one token.Mint) mint.Loss {
	switch {
	case start.version == "" || one.StateFile == "":
		return mint.LostNothing
	case start.version == one.StateFile:
		return mint.LostNew
	case !start.emptied(one.StateFile):
		return mint.LostNothing
	}
	backup, err := os.ReadFile(start.name + ".backup")
	legible := bytes.Contains(backup, []byte(`"resources"`)) // OpenTofu can encrypt it
	has := func(id string) bool { return id != "" && bytes.Contains(backup, []byte(`"`+id+`"`)) }
	_, backend := os.Lstat(filepath.Join(e.dataDir(), "terraform.tfstate"))
	switch none := errors.Is(err, fs.ErrNotExist); {
	case !none && !legible, has(one.ID):
		return mint.LostNothing
	case errors.Is(backend, fs.ErrNotExist) && (none || has(one.Replaces)):
		return mint.LostBoth
	default:
		return mint.LostNewPerhapsBoth
	}
}
