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
)

// engineState identifies the engine's process, and the version of its local
// state file. While the version is unchanged, the engine has written no state.
// Both are "" if the engine uses a different backend, runs with -lock=false, or
// has left a state that it could not write.
func (e environment) engineState() (file, engine string) {
	if _, file = e.lockedState(); file == "" {
		return "", ""
	}
	return file, strconv.Itoa(e.engine)
}

// lockedState returns the name of the engine's local state file, and its version.
func (e environment) lockedState() (name, file string) {
	if e.workingDir == "" || e.engine == 0 {
		return "", ""
	}
	if _, err := os.Lstat(filepath.Join(e.workingDir, "errored.tfstate")); err == nil {
		return "", ""
	}
	names, _ := filepath.Glob(filepath.Join(e.workingDir, "terraform.tfstate.d", "*", "terraform.tfstate")) // the pattern is valid
	for _, name := range append(names, filepath.Join(e.workingDir, "terraform.tfstate")) {
		if file := lockedFile(name, e.engine); file != "" {
			return name, file
		}
	}
	return "", ""
}

// stateEmptied reports whether the state file of an earlier version is empty now, and
// its backup does not have the token with this identifier. An engine that is killed
// while it writes leaves that. One that moves the state to a different backend empties
// the file too, but has copied it to the backup.
func (e environment) stateEmptied(file, id string) bool {
	name, now := e.lockedState()
	before, after := strings.Split(file, ":"), strings.Split(now, ":")
	if name == "" || len(before) != len(after) || !slices.Equal(before[:2], after[:2]) || after[2] != "0" {
		return false
	}
	backup, err := os.ReadFile(name + ".backup")
	legible := bytes.Contains(backup, []byte(`"resources"`)) // OpenTofu can encrypt it
	return errors.Is(err, fs.ErrNotExist) || err == nil && legible && !bytes.Contains(backup, []byte(id))
}
