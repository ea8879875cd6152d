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
	// folderPrefix and a number are the name of a run's folder.
	folderPrefix = "terraform-provider-fly-"
	// lockName is the file in it that is locked for as long as the run's provider
	// lives, and workName the folder in it that flyctl has to itself.
	lockName = "lock"
	workName = "flyctl"
)

// removeTries and removePause bound how often, and how long apart, the removal
// of a folder is tried. A process that was killed may still be dying, and with
// it a write into the folder; Windows holds on to its files until it has.
const (
	removeTries = 40
	removePause = 25 * time.Millisecond
)

// folder is the private folder of one run, mode 0700.
type folder struct {
	// path is the folder's, and work that of the empty folder in it in which
	// flyctl runs.
	path, work string
	lock       *flock.Flock
}

// makeFolder makes the folder of one run and takes its lock. The lock is the
// kernel's: it ends with the process, and what the process then leaves is known
// to be nobody's. The error is a [*token.MissError].
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
	// Where the file system has no locks nobody else can take this one either, and
	// without it nothing is swept.
	_, _ = f.lock.TryLock()
	return nil
}

// release gives the lock up. Windows removes no file that is open.
func (f *folder) release() { _ = f.lock.Close() }

// lockOf returns the lock of a run's folder, whose file must be there. NFS locks
// only what is open for writing.
func lockOf(path string) *flock.Flock {
	return flock.New(filepath.Join(path, lockName), flock.SetFlag(os.O_RDWR))
}

func noFolder(err error) error {
	return &token.MissError{
		Reason:    fmt.Sprintf("cannot make a folder to run flyctl in: %v", err),
		Fix:       "make room in the folder for temporary files, or point TMPDIR at one that can be written",
		Temporary: true,
		Cause:     err,
	}
}

// removeFolder removes the folder of a run that is over.
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

// tryRemove removes first what may hold a token. The lock stays until that is
// gone: a later sweep knows by it whose folder it is.
func tryRemove(path string) error {
	if err := os.RemoveAll(filepath.Join(path, workName)); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// leftFolder warns about a folder that could not be removed.
func leftFolder(dir string) token.Warning {
	return token.Warning{
		Summary: "Folder with a Fly Token Was Not Removed",
		Detail:  "flyctl ran in " + dir + " and may have written a token to a log in it. The folder could not be removed afterwards: remove it by hand.",
	}
}
