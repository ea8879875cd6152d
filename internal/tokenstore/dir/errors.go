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
	// errBusy is the cause of a wait that lasted too long.
	errBusy = errors.New("another process has held it for too long")
	// errIrregular says that something else is in place of a file or a folder.
	errIrregular = errors.New("refused")
)

const elsewhere = "give storage another path (storage.path, or FLY_TOKEN_STORAGE)"

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
		e.Fix = "remove the file that is in place of a folder, or " + elsewhere
	case errors.Is(cause, fs.ErrPermission) || errors.Is(cause, syscall.EROFS):
		e.Fix = "make it writable for the user that runs this, or " + elsewhere
	default:
		e.Fix = "check the disk, or " + elsewhere
	}
	return e
}

// readError says that a document may be there, and cannot be read.
func readError(path string, err error) error {
	e := &tokenstore.Error{Op: "read", Where: path, Err: bare(err), Fix: "make it readable for the user that runs this, or " + elsewhere}
	if errors.Is(err, errIrregular) {
		e.Fix = "remove it"
	}
	return e
}

// absent reports whether err says that there is nothing at a path, rather than
// that this is not known. Beneath a regular file there is nothing.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// astray returns the cause where an absence is that of a path that leads through a
// file, nil otherwise.
func astray(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return bare(err)
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

// bare drops the operation and the paths that package os adds: our own errors
// name both, and a temporary name helps no user.
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
