package flyctl

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// leftAge is the age above which a folder may be unused. The lock decides
	// better, but a new folder is not locked yet, and some file systems have no
	// locks. The maximum of cli.timeout, an hour, bounds a run.
	leftAge = 2 * time.Hour
	// sweepTime bounds one sweep, and maxSwept bounds the number of folders
	// that it removes. A sweep takes about as long as the run of flyctl at the
	// same time.
	sweepTime = 2 * time.Second
	maxSwept  = 100
	// namesAtOnce is the number of names to read between two checks of the
	// time.
	namesAtOnce = 1000
)

// sweep removes the folders of runs whose provider was killed, because older
// versions of flyctl log tokens there. It stops when ctx ends. It reports no
// failures: a later sweep tries again.
func sweep(ctx context.Context, parent string) {
	dir, err := os.Open(parent)
	if err != nil {
		return
	}
	defer func() { _ = dir.Close() }()
	for swept := 0; ; {
		entries, err := dir.ReadDir(namesAtOnce)
		for _, entry := range entries {
			if ctx.Err() != nil || swept == maxSwept {
				return
			}
			if isFolderName(entry.Name()) && entry.IsDir() && removeLeft(filepath.Join(parent, entry.Name())) {
				swept++
			}
		}
		if err != nil || ctx.Err() != nil {
			return
		}
	}
}

// isFolderName reports whether name has the form of [makeFolder]'s names.
func isFolderName(name string) bool {
	number, ok := strings.CutPrefix(name, folderPrefix)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// removeLeft removes a folder that a run of this user has left. It works
// through os.Root, so that it acts on the folder that it checked and not on a
// replacement.
func removeLeft(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || time.Since(info.ModTime()) < leftAge || !isOurs(path, info) {
		return false
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return false
	}
	emptied := same(root, ".", info) && empty(root, path)
	// Windows cannot remove an open folder.
	_ = root.Close()
	return emptied && os.Remove(path) == nil
}

// empty empties the folder at root. It returns false if the folder may be in
// use or holds files that are not from a run. It removes the lock last, because
// a sweep recognises the folder by it.
func empty(root *os.Root, path string) bool {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil || len(entries) == 0 {
		return err == nil
	}
	for _, entry := range entries {
		lock := entry.Name() == lockName && entry.Type().IsRegular()
		if !lock && (entry.Name() != workName || !entry.IsDir()) {
			return false
		}
	}
	lock := lockOf(path)
	if ok, err := lock.TryLock(); err != nil || !ok {
		return false
	}
	info, err := lock.Stat()
	emptied := err == nil && same(root, lockName, info) && root.RemoveAll(workName) == nil
	// Windows cannot remove an open file.
	_ = lock.Close()
	return emptied && root.Remove(lockName) == nil
}

func same(root *os.Root, name string, info fs.FileInfo) bool {
	there, err := root.Lstat(name)
	return err == nil && os.SameFile(there, info)
}
