package dir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

var (
	// errBusy is the cause if a wait took too long.
	errBusy = errors.New("a different process has held it for too long")
	// errIrregular is the cause if something else is in the place of a file or
	// a folder.
	errIrregular = errors.New("refused")
)

const elsewhere = "set storage.path or FLY_TOKEN_STORAGE to a different path"

// step makes one change to the file system. Its error is a [*tokenstore.Error].
func (b *Backend) step(op, path string, do func() error) error {
	var err error
	if b.fault != nil {
		err = b.fault(op, path)
	}
	if err == nil {
		err = do()
	}
	if err != nil {
		return writeError(op, path, err)
	}
	return nil
}

func writeError(op, path string, err error) error {
	cause := bare(err)
	e := &tokenstore.Error{Op: op, Where: path, Err: cause, Unwritable: true}
	switch {
	case errors.Is(cause, errIrregular):
		e.Fix = "remove it"
	case errors.Is(cause, errBusy):
		e.Fix, e.Unwritable = "end that process, or try again", false
	case isFull(cause):
		e.Fix = "make room on the disk, or " + elsewhere
	case errors.Is(cause, syscall.ENOTDIR):
		e.Fix = "remove the file that is in the place of a folder, or " + elsewhere
	case errors.Is(cause, fs.ErrPermission) || errors.Is(cause, syscall.EROFS):
		e.Fix = "make it writable for this user, or " + elsewhere
	default:
		e.Fix = "check the disk, or " + elsewhere
	}
	return e
}

// readError is the error for a document that may exist but cannot be read.
func readError(path string, err error) error {
	e := &tokenstore.Error{Op: "read", Where: path, Err: bare(err), Fix: "make it readable for this user, or " + elsewhere}
	if errors.Is(err, errIrregular) {
		e.Fix = "remove it"
	}
	return e
}

// absent reports whether err proves that a path does not exist. Below a regular
// file no path exists.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// astray returns the cause if a path does not exist because it leads through a
// file, nil otherwise.
func astray(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return bare(err)
	}
	return nil
}

// regular returns an error that wraps errIrregular if the type differs from the
// given one.
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

// bare drops the operation and the paths that package os adds. The errors of
// this package name both, and a temporary file's name does not help users.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
