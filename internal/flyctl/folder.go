package flyctl

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// folderPrefix, followed by a number, is the name of a run's folder.
	folderPrefix = "terraform-provider-fly-"
	// lockName is the file in it that stays locked until the run's provider
	// ends. workName is the folder in it that only flyctl uses.
	lockName = "lock"
	workName = "flyctl"
)

// removeTries and removePause bound the attempts to remove a folder. A killed
// process may still write into the folder until it has ended, and Windows keeps
// its files open until then.
const (
	removeTries = 40
	removePause = 25 * time.Millisecond
)

// folder is the private folder of one run, mode 0700.
type folder struct {
	// path is that of the folder. work is that of the empty folder in it where
	// flyctl runs.
	path, work string
	lock       *flock.Flock
}

// makeFolder makes the folder of one run and takes its lock. The kernel
// releases the lock when the process ends, so a folder with a free lock is
// unused. The error is a [*token.MissError].
func makeFolder(parent string) (*folder, error) {
	path, err := os.MkdirTemp(parent, folderPrefix)
	if err != nil {
		return nil, noFolder(err)
	}
	f := &folder{path: path, work: filepath.Join(path, workName)}
	if err := f.populate(); err != nil {
		_ = os.RemoveAll(path) //nolint:gosec // G703: it is the folder that was made just now
		return nil, noFolder(err)
	}
	return f, nil
}

func (f *folder) populate() error {
	file, err := os.OpenFile(filepath.Join(f.path, lockName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Close(), os.Mkdir(f.work, 0o700)); err != nil {
		return err
	}
	f.lock = lockOf(f.path)
	// On a file system without locks no process can take this one, and a sweep
	// skips folders that it cannot lock.
	_, _ = f.lock.TryLock()
	return nil
}

// release releases the lock. Windows cannot remove an open file.
func (f *folder) release() { _ = f.lock.Close() }

// lockOf returns the lock of a run's folder, whose file must exist. NFS locks
// only files that are open for writing.
func lockOf(path string) *flock.Flock {
	return flock.New(filepath.Join(path, lockName), flock.SetFlag(os.O_RDWR))
}

func noFolder(err error) error {
	return &token.MissError{
		Reason:    fmt.Sprintf("cannot make a folder to run flyctl in: %v", err),
		Fix:       "make room in the folder for temporary files, or set TMPDIR to a writable folder",
		Temporary: true,
		Cause:     err,
	}
}

func removeFolder(path string) error {
	var err error
	for range removeTries {
		if err = tryRemove(path); err == nil {
			return nil
		}
		time.Sleep(removePause)
	}
	return err
}

// tryRemove first removes the files that may hold a token. The lock goes last,
// because a later sweep recognises the folder by it.
func tryRemove(path string) error {
	if err := os.RemoveAll(filepath.Join(path, workName)); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

func leftFolder(dir string) token.Warning {
	return token.Warning{
		Summary: "Folder with a Fly Token Was Not Removed",
		Detail:  "flyctl ran in " + dir + " and may have written a token to a log in it. The folder could not be removed afterwards: remove it by hand.",
	}
}
