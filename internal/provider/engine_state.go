package provider

import (
	"os"
	"path/filepath"
	"strconv"
)

// engineState identifies the engine's process, and its local state file by what any
// write to it changes. As long as that stays the same, the engine has written no
// state. Both are "" where the engine uses a different backend, runs with
// -lock=false, or has left a state behind that it could not write.
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
