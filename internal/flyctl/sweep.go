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
	// leftAge is the age past which a folder may be nobody's. Its lock tells that
	// better, but for the moment before it is taken, and where it cannot be: no
	// run takes longer than cli.timeout may be, an hour.
	leftAge = 2 * time.Hour
	// sweepTime bounds one sweep, and maxSwept how many folders it removes: it is
	// done beside a run of flyctl, which takes about as long.
	sweepTime = 2 * time.Second
	maxSwept  = 100
	// namesAtOnce is how many names are read between two looks at the clock.
	namesAtOnce = 1000
)

// sweep removes the folders of runs whose provider was killed: older versions of
// flyctl log tokens there. It tries, for as long as ctx lasts: what cannot be
// removed now is met again, and nobody is told.
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

// isFolderName reports whether [makeFolder] gives such names.
func isFolderName(name string) bool {
	number, ok := strings.CutPrefix(name, folderPrefix)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// removeLeft removes a folder if it is one that a run of this user's has left.
// What is done to it is done by way of its root: of the folder that was looked
// at, and not of what others may put into its place meanwhile.
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
	// Windows removes no folder that is open.
	_ = root.Close()
	return emptied && os.Remove(path) == nil
}

// empty empties the folder at root, and is false where it may be in use, or holds
// what no run puts there. The lock goes last: by it the folder is known.
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
	// Windows removes no file that is open.
	_ = lock.Close()
	return emptied && root.Remove(lockName) == nil
}

// same reports whether the name in root is that of the file that info is about.
func same(root *os.Root, name string, info fs.FileInfo) bool {
	there, err := root.Lstat(name)
	return err == nil && os.SameFile(there, info)
}
