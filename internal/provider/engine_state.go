package provider

import (
	"os"
	"path/filepath"
	"strconv"
)

// engineState identifies the engine's process, and the version of its local
// state file. While the version is unchanged, the engine has written no state.
// Both are "" if the engine uses a different backend, runs with -lock=false, or
// has left a state that it could not write.
func (e environment) engineState() (file, engine string) {
	if e.workingDir == "" || e.engine == 0 {
		return "", ""
	}
	if _, err := os.Lstat(filepath.Join(e.workingDir, "errored.tfstate")); err == nil {
		return "", ""
	}
	names, _ := filepath.Glob(filepath.Join(e.workingDir, "terraform.tfstate.d", "*", "terraform.tfstate")) // the pattern is valid
	for _, name := range append(names, filepath.Join(e.workingDir, "terraform.tfstate")) {
		if mark := lockedFile(name, e.engine); mark != "" {
			return mark, strconv.Itoa(e.engine)
		}
	}
	return "", ""
}
