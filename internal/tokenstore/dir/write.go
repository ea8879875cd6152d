package dir

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// opSyncFolder is the one step after which the change has been made already, and
// has to be undone.
const opSyncFolder = "sync folder"

// makeFolder makes the app's folder and those above it, and syncs each new one
// into the one that holds it.
func (b *Backend) makeFolder(app string) error {
	for _, folder := range []string{b.apps(), b.folder(app)} {
		info, err := os.Lstat(folder)
		if errors.Is(err, fs.ErrNotExist) {
			err = b.mkdir(folder)
		} else if err == nil {
			err = regular(info, fs.ModeDir)
		}
		var failed *tokenstore.Error
		if err != nil && !errors.As(err, &failed) {
			err = writeError("open folder", folder, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Backend) mkdir(folder string) error {
	parent := filepath.Dir(folder)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) && parent != folder {
		if err := b.mkdir(parent); err != nil {
			return err
		}
	}
	err := b.step("create folder", folder, func() error { return os.Mkdir(folder, folderMode) })
	if errors.Is(err, fs.ErrExist) {
		// Another process was faster.
		return nil
	}
	if err != nil {
		return err
	}
	err = b.syncFolder(parent)
	if errors.Is(err, fs.ErrPermission) {
		// A folder above ours may be one that we may enter and not read.
		return nil
	}
	return err
}

// replace writes a file that was old before, nil for none, and puts that back
// where the change cannot be made durable.
func (b *Backend) replace(path string, old, data []byte) error {
	err := b.writeFile(path, data)
	var failed *tokenstore.Error
	if errors.As(err, &failed) && failed.Op == opSyncFolder {
		// The error to report is the first: on a disk that fails a second time,
		// no more can be done.
		if old == nil {
			_ = os.Remove(path)
		} else {
			_ = b.writeFile(path, old)
		}
	}
	return err
}

// writeFile replaces a file as a whole: what is read under its name, after a
// crash as well, is the old content or the new one.
func (b *Backend) writeFile(path string, data []byte) (err error) {
	if info, err := os.Lstat(path); err == nil {
		if err := regular(info, 0); err != nil {
			return writeError("replace", path, err)
		}
	}
	temp := tempName(path)
	var f *os.File
	err = b.step("create", path, func() error {
		f, err = os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
		return err
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// Closed twice after a late failure, and gone after a rename.
			_ = f.Close()
			_ = os.Remove(temp)
		}
	}()
	steps := []struct {
		op string
		do func() error
	}{
		{"write", func() error { _, err := f.Write(data); return err }},
		// The umask may have taken from the mode, and an ACL added to it.
		{"set mode of", func() error { return f.Chmod(fileMode) }},
		// A rename can reach the disk before the data that it publishes: without
		// this, a crash could leave an empty file under the name.
		{"sync", f.Sync},
		{"close", f.Close},
		{"rename", func() error { return renameFile(temp, path) }},
	}
	for _, step := range steps {
		if err := b.step(step.op, path, step.do); err != nil {
			return err
		}
	}
	return b.syncFolder(filepath.Dir(path))
}

// remove removes a file for good, or leaves it where that cannot be made durable.
// It takes the file's name away first, which can be undone on a disk that does not
// sync any more: an unlinked file could not be written again there.
func (b *Backend) remove(path string) error {
	temp := tempName(path)
	if err := b.step("remove", path, func() error { return renameFile(path, temp) }); err != nil {
		return err
	}
	if err := b.syncFolder(filepath.Dir(path)); err != nil {
		_ = renameFile(temp, path)
		return err
	}
	// What stays is removed at the next change, as after a crash.
	_ = os.Remove(temp)
	return nil
}

func (b *Backend) syncFolder(folder string) error {
	return b.step(opSyncFolder, folder, func() error { return syncFolder(folder) })
}

func tempName(path string) string { return filepath.Join(filepath.Dir(path), tempPrefix+rand.Text()) }
