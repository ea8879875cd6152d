//go:build unix

package flyctl

import (
	"os"
	"path/filepath"
	"testing"
)

// systemTests are those of the systems whose folders have owners and modes.
func systemTests() map[string]func(t *testing.T, temp string) {
	return map[string]func(t *testing.T, temp string){
		"one that is open to others": func(t *testing.T, temp string) {
			must(t, os.Chmod(leave(t, temp, folderPrefix+"123", lockName, logName), 0o750))
		},
		"one of another user's": func(t *testing.T, temp string) {
			if os.Geteuid() != 0 {
				t.Skip("it takes root to make one")
			}
			must(t, os.Chown(leave(t, temp, folderPrefix+"123", lockName, logName), 65534, -1))
		},
		"a link to one": func(t *testing.T, temp string) {
			path := leave(t, t.TempDir(), folderPrefix+"123", lockName, logName)
			must(t, os.Symlink(path, filepath.Join(temp, folderPrefix+"123")))
			t.Cleanup(func() {
				if _, err := os.Stat(filepath.Join(path, logName)); err != nil {
					t.Error(err)
				}
			})
		},
		"one whose lock is a link": func(t *testing.T, temp string) {
			path := leave(t, temp, folderPrefix+"123", logName)
			must(t, os.Symlink(filepath.Join(path, logName), filepath.Join(path, lockName)))
			grow(t, path, 2*leftAge)
		},
	}
}
