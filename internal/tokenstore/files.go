package tokenstore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	fileMode   fs.FileMode = 0o600
	folderMode fs.FileMode = 0o700
)

// opSyncFolder is the one step after which the change has been made already, and
// has to be undone.
const opSyncFolder = "sync folder"

// step makes one change to the file system. Its error is a [*WriteError].
func (s *Store) step(op, path string, do func() error) error {
	var err error
	if s.fault != nil {
		err = s.fault(op, path)
	}
	if err == nil {
		err = do()
	}
	if err != nil {
		return &WriteError{Op: op, Path: path, Err: bare(err)}
	}
	return nil
}

// readFile returns the bytes of one of the app's files, up to one more than a
// record may have. The error is [token.ErrNoRecord] or a [*ReadError].
func (s *Store) readFile(app, path string) ([]byte, error) {
	for _, folder := range []string{s.apps(), s.folder(app)} {
		if err := s.inspect(app, folder, fs.ModeDir); err != nil {
			return nil, err
		}
	}
	if err := s.inspect(app, path, 0); err != nil {
		return nil, err
	}
	f, err := openRecord(path)
	if absent(err) {
		return nil, missing(err)
	}
	if err != nil {
		return nil, &ReadError{Path: path, Err: bare(err)}
	}
	// Nothing was written that closing could lose.
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil {
		return nil, &ReadError{Path: path, Err: bare(err)}
	}
	return data, nil
}

// absent reports whether err says that there is nothing at a path, rather than
// that it cannot be told. Beneath a regular file there is nothing.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// missing says that there is no record. Whether there could be one, the cause
// tells: [syscall.ENOTDIR] is that of a path that leads through a file.
func missing(cause error) error {
	return fmt.Errorf("%w: %w", token.ErrNoRecord, bare(cause))
}

// inspect refuses what is not of the given type, links included: whoever put one
// there could have our token written, or another's read, somewhere else. What
// others can read is closed to them.
func (s *Store) inspect(app, path string, want fs.FileMode) error {
	info, err := os.Lstat(path)
	if absent(err) {
		return missing(err)
	}
	if err != nil {
		return &ReadError{Path: path, Err: bare(err)}
	}
	if err := regular(info, want); err != nil {
		return &ReadError{Path: path, Err: err}
	}
	if exposed(info) {
		s.repair(app, path, info)
	}
	return nil
}

// regular returns an error that wraps errIrregular for what is not of the given
// type.
func regular(info fs.FileInfo, want fs.FileMode) error {
	if info.Mode().Type() == want {
		return nil
	}
	return fmt.Errorf("%w: it is a %s, not a %s", errIrregular, kind(info.Mode()), kind(want))
}

func kind(mode fs.FileMode) string {
	switch mode.Type() {
	case 0:
		return "file"
	case fs.ModeDir:
		return "folder"
	case fs.ModeSymlink:
		return "symbolic link"
	default:
		return "special file"
	}
}

// makeFolder makes the app's folder and those above it, and syncs each new one
// into the one that holds it.
func (s *Store) makeFolder(app string) error {
	for _, folder := range []string{s.apps(), s.folder(app)} {
		info, err := os.Lstat(folder)
		if errors.Is(err, fs.ErrNotExist) {
			err = s.mkdir(folder)
		} else if err == nil {
			err = regular(info, fs.ModeDir)
		}
		var failed *WriteError
		if err != nil && !errors.As(err, &failed) {
			err = &WriteError{Op: "open folder", Path: folder, Err: bare(err)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) mkdir(folder string) error {
	parent := filepath.Dir(folder)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) && parent != folder {
		if err := s.mkdir(parent); err != nil {
			return err
		}
	}
	err := s.step("create folder", folder, func() error { return os.Mkdir(folder, folderMode) })
	if errors.Is(err, fs.ErrExist) {
		// Another process was faster.
		return nil
	}
	if err != nil {
		return err
	}
	err = s.syncFolder(parent)
	if errors.Is(err, fs.ErrPermission) {
		// A folder above ours may be one that we may enter and not read.
		return nil
	}
	return err
}

// replace writes a record that was old before, nil for none, and puts that back
// where the change cannot be made durable.
func (s *Store) replace(path string, old, data []byte) error {
	err := s.writeFile(path, data)
	var failed *WriteError
	if errors.As(err, &failed) && failed.Op == opSyncFolder {
		s.restore(path, old)
	}
	return err
}

// restore undoes a change that was made and not synced. The error that led here
// is the one to report: on a disk that fails a second time, no more can be done.
func (s *Store) restore(path string, old []byte) {
	if old == nil {
		_ = s.remove(path)
		return
	}
	_ = s.writeFile(path, old)
}

// writeFile replaces a file as a whole: what is read under its name, after a
// crash as well, is the old content or the new one.
func (s *Store) writeFile(path string, data []byte) (err error) {
	if info, err := os.Lstat(path); err == nil {
		if err := regular(info, 0); err != nil {
			return &WriteError{Op: "replace", Path: path, Err: err}
		}
	}
	temp := filepath.Join(filepath.Dir(path), tempPrefix+rand.Text())
	var f *os.File
	err = s.step("create", path, func() error {
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
		{"set mode", func() error { return f.Chmod(fileMode) }},
		// A rename can reach the disk before the data that it publishes: without
		// this, a crash could leave an empty record under the name.
		{"sync", f.Sync},
		{"close", f.Close},
		{"rename", func() error { return renameFile(temp, path) }},
	}
	for _, step := range steps {
		if err := s.step(step.op, path, step.do); err != nil {
			return err
		}
	}
	return s.syncFolder(filepath.Dir(path))
}

func (s *Store) syncFolder(folder string) error {
	return s.step(opSyncFolder, folder, func() error { return syncFolder(folder) })
}

// remove removes a file that may be gone already.
func (s *Store) remove(path string) error {
	err := s.step("remove", path, func() error { return os.Remove(path) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
