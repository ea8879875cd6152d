package dir

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// opSyncFolder is the only step that comes after the change, which must be
// undone if the step fails.
const opSyncFolder = "sync folder"

// makeFolder makes the app's folder and its parents, and syncs the parent of
// each new one.
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
		// This user may be able to enter a folder above without permission to
		// read it.
		return nil
	}
	return err
}

// restore undoes a change that could not be made durable. old is the content before;
// nil means that there was no file.
func (b *Backend) restore(path string, old []byte, err error) {
	var failed *tokenstore.Error
	if !errors.As(err, &failed) || failed.Op != opSyncFolder {
		return
	}
	// If the disk fails again, nothing more can be done.
	if old == nil {
		_ = os.Remove(path)
	} else {
		_ = b.writeFile(path, old)
	}
}

// writeFile replaces a file atomically. A reader sees either the old content or
// the new one, even after a crash.
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
			// After a late failure this closes twice, and after a rename the
			// file does not exist.
			_ = f.Close()
			_ = os.Remove(temp)
		}
	}()
	steps := []struct {
		op string
		do func() error
	}{
		{"write", func() error { _, err := f.Write(data); return err }},
		// The umask may have reduced the mode, and an ACL may have extended it.
		{"set mode of", func() error { return f.Chmod(fileMode) }},
		// A rename can reach the disk before the data. Without this, a crash
		// could leave an empty file.
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

// remove removes a file durably, or leaves it if the removal cannot be made
// durable. It first renames the file, which can be undone even on a disk that
// fails to sync. An unlinked file could not be restored there.
func (b *Backend) remove(path string) error {
	temp := tempName(path)
	if err := b.step("remove", path, func() error { return renameFile(path, temp) }); err != nil {
		return err
	}
	if err := b.syncFolder(filepath.Dir(path)); err != nil {
		_ = renameFile(temp, path)
		return err
	}
	// If it remains, the next change removes it, as after a crash.
	_ = os.Remove(temp)
	return nil
}

func (b *Backend) syncFolder(folder string) error {
	return b.step(opSyncFolder, folder, func() error { return syncFolder(folder) })
}

func tempName(path string) string { return filepath.Join(filepath.Dir(path), tempPrefix+rand.Text()) }
