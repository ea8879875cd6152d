//go:build unix

package tokenstore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lockFlags open a lock file. NFS turns flock into a lock by fcntl, which needs
// the file open for writing.
const lockFlags = os.O_CREATE | os.O_RDWR | syscall.O_NOFOLLOW

// openRecord opens a file to read, and neither follows a link nor waits for the
// other end of a pipe, should one have taken the file's place.
func openRecord(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// exposed reports whether others than the owner can get at a file or folder.
func exposed(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

func renameFile(from, to string) error { return os.Rename(from, to) }

// syncFolder makes a folder's entries durable: syncing a file does not sync its
// name. File systems that cannot sync a folder have nothing to sync.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// isFull reports whether err says that there is no room left, on the disk or for
// the user.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
