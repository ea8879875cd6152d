//go:build unix

package dir

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// lockFlags open a lock file. NFS turns flock into a lock by fcntl, which needs
// the file open for writing.
const lockFlags = os.O_CREATE | os.O_RDWR | syscall.O_NOFOLLOW

// openFile opens a file to read. It follows no link and does not wait for the
// other end of a pipe.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// writable reports whether users other than the owner can replace files in a
// folder.
func writable(info fs.FileInfo) bool {
	return info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0
}

// foreignOwner returns a file's owner, and whether it is neither this process's
// user nor the administrator.
func foreignOwner(info fs.FileInfo) (owner uint32, foreign bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return st.Uid, st.Uid != 0 && int64(st.Uid) != int64(os.Geteuid())
}

// exposed reports whether users other than the owner have access to a file or
// folder.
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

// isFull reports whether err means that the disk or the user's quota is full.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
