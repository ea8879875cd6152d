package tokenstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// ErrNewerSchema is wrapped by the errors about a record that a newer version of
// the provider wrote: it is neither read nor replaced.
var ErrNewerSchema = errors.New("a newer version of this provider wrote it")

var (
	// errMalformed is wrapped by every error about the content of a record.
	errMalformed = errors.New("it is not a token record")
	// errDead is wrapped by the errors about minted records that nobody will
	// use again. There is no record, then.
	errDead = fmt.Errorf("%w: what is stored has ended", token.ErrNoRecord)
	// errIrregular says that something else stands where a file or a folder of
	// ours should be.
	errIrregular = errors.New("refused")
)

// WriteError says that storage could not be changed. What stood before still
// stands.
type WriteError struct {
	// Op is the step that failed, in words: "sync folder".
	Op string
	// Path is the file or folder that was to be changed.
	Path string
	// Err is the cause, such as [syscall.ENOSPC].
	Err error
}

// Error names the step, the path and the cause, and says what to do. It is made
// for users, and does without the name of this package.
func (e *WriteError) Error() string {
	return e.Op + " " + e.Path + ": " + e.Err.Error() + ": " + e.fix()
}

func (e *WriteError) fix() string {
	const elsewhere = "give storage another path (storage.path, or FLY_TOKEN_STORAGE)"
	switch {
	case errors.Is(e.Err, ErrNewerSchema):
		return "upgrade the provider, or " + elsewhere
	case errors.Is(e.Err, errIrregular):
		return "remove it"
	case errors.Is(e.Err, errBusy):
		return "end that process, or try again"
	case isFull(e.Err):
		return "make room on the disk, or " + elsewhere
	case errors.Is(e.Err, syscall.ENOTDIR):
		return "remove the file that stands where a folder should be, or " + elsewhere
	case errors.Is(e.Err, fs.ErrPermission) || errors.Is(e.Err, syscall.EROFS):
		return "make it writable for the user that runs this, or " + elsewhere
	default:
		return "check the disk, or " + elsewhere
	}
}

// Unwrap returns the cause.
func (e *WriteError) Unwrap() error { return e.Err }

// ReadError says that a record may be there, and cannot be read. It wraps
// [token.ErrStop] where it is about a manual record: what stands in for it
// would not be what the user set.
type ReadError struct {
	// Path is the file or folder at fault.
	Path string
	// Err is the cause.
	Err error

	manual bool
}

// Error names the path, the cause, and what to do about it. It holds nothing
// of the record.
func (e *ReadError) Error() string {
	return "read " + e.Path + ": " + e.Err.Error() + ": " + e.fix()
}

func (e *ReadError) fix() string {
	switch {
	case errors.Is(e.Err, ErrNewerSchema):
		return "upgrade the provider, or give storage another path"
	case errors.Is(e.Err, errIrregular):
		return "remove it"
	case errors.Is(e.Err, errMalformed) && e.manual:
		return "restore the file, or remove it and set the token again"
	case errors.Is(e.Err, errMalformed):
		return "remove it"
	default:
		return "make it readable, or give storage another path"
	}
}

// Unwrap returns the cause and, for a manual record, [token.ErrStop].
func (e *ReadError) Unwrap() []error {
	if e.manual {
		return []error{e.Err, token.ErrStop}
	}
	return []error{e.Err}
}

// bare drops the operation and the paths that package os adds: our own errors
// name both, and a temporary name helps nobody.
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
