package dir

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

const (
	lockFlags = os.O_CREATE | os.O_RDWR

	busyTries = 20
	busyPause = 10 * time.Millisecond
)

// openFile opens a file to read. Windows refuses this while another process
// replaces the file.
func openFile(path string) (f *os.File, err error) {
	err = whileBusy(func() error {
		f, err = os.Open(path)
		return err
	})
	return f, err
}

// writable is false, like [exposed].
func writable(fs.FileInfo) bool { return false }

// foreignOwner is false, because Windows uses ACLs.
func foreignOwner(fs.FileInfo) (owner uint32, foreign bool) { return 0, false }

// exposed is false. Windows uses ACLs, which a folder in the user's profile
// inherits, and package os invents the mode.
func exposed(fs.FileInfo) bool { return false }

// renameFile renames over a file that a reader may have open. Windows refuses
// this until the reader closes it.
func renameFile(from, to string) error {
	return whileBusy(func() error { return os.Rename(from, to) })
}

// whileBusy repeats an operation that another process prevents.
func whileBusy(do func() error) error {
	for try := 1; ; try++ {
		err := do()
		busy := errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
		if !busy || try == busyTries {
			return err
		}
		time.Sleep(busyPause)
	}
}

// syncFolder does nothing: Windows cannot sync a folder. NTFS keeps a journal of
// its names.
func syncFolder(string) error { return nil }

// isFull reports whether err means that the disk or the user's quota is full.
func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}
