package flyctl

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A folder that cannot be emptied keeps its lock. Without the lock no sweep
// would ever remove it.
func TestFolderThatCannotBeEmptiedKeepsItsLock(t *testing.T) {
	t.Parallel()
	f, err := makeFolder(t.TempDir())
	must(t, err)
	f.release()
	log := filepath.Join(f.path, logName)
	must(t, os.MkdirAll(filepath.Dir(log), 0o700))
	must(t, os.WriteFile(log, []byte("a token"), 0o600))
	must(t, os.Chmod(filepath.Dir(log), 0o500))
	if os.Geteuid() == 0 {
		// Root may remove anything, so this thread accesses files as a
		// different user.
		const other = 65534
		for _, path := range []string{f.path, filepath.Join(f.path, lockName), f.work, filepath.Dir(log), log} {
			must(t, os.Chown(path, other, -1))
		}
		must(t, os.Chmod(filepath.Dir(f.path), 0o777))
		must(t, os.Chmod(filepath.Dir(filepath.Dir(f.path)), 0o777))
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		_, err := unix.SetfsuidRetUid(other)
		must(t, err)
		defer func() { _, _ = unix.SetfsuidRetUid(0) }()
	}
	err = tryRemove(f.path)
	if err == nil {
		t.Fatal("a folder that cannot be written to was emptied")
	}
	if _, err := os.Lstat(filepath.Join(f.path, lockName)); err != nil {
		t.Errorf("the lock: %v", err)
	}
	must(t, os.Chmod(filepath.Dir(log), 0o700))
}
