package tokenstore

import (
	"context"
	"errors"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Kind names one of an app's documents. It is safe as a part of a path.
type Kind string

const (
	// KindState is the document of minted records, misses, announced mints, deploy
	// tokens and the claim. Its loss costs new tokens.
	KindState Kind = "state"
	// KindManual is the document of the manual record. Its loss cannot be
	// repaired.
	KindManual Kind = "manual"
)

// MaxDocument bounds the size of a document in bytes. Of a longer one, [Backend.Load]
// may return any MaxDocument+1 bytes.
const MaxDocument = 16 << 20

// Doc names a document. A backend also keeps kinds that it does not know: a
// damaged document is set aside as "state-damaged-1" to "state-damaged-3".
type Doc struct {
	// App is a valid name of a Fly app, or "organization_" and a valid slug for
	// what is announced for a whole organization.
	App string
	// Kind is a lower-case word with hyphens and digits.
	Kind Kind
}

// Version identifies one content of a document. A document that does not exist
// also has a version, for creating it.
type Version string

// Document is the content of a [Doc].
type Document struct {
	// Data is the content, nil if the document does not exist. It is JSON,
	// unless another program damaged the document: a backend returns the bytes
	// that it found. The store puts a new random value into each content that
	// it writes, so that two writes never have equal content.
	Data []byte
	// Absence is the reason why the document cannot exist, such as a path
	// through a file; nil if it merely does not exist yet.
	Absence error
	// Version is the version to pass to [Backend.Swap].
	Version Version
}

var (
	// ErrConflict is wrapped by the error of [Backend.Swap] if the version is
	// not current. Nothing was changed.
	ErrConflict = errors.New("the document has changed since it was read")
	// ErrUnknown is wrapped by the error of [Backend.Swap] if no answer came.
	// The change may have been made, so the store loads the document again.
	ErrUnknown = errors.New("no answer: the change may have been made")
)

// Backend keeps documents. The store does everything else, so a backend is
// small. Methods are safe for concurrent use and observe ctx. Every error but
// [ErrConflict], [ErrUnknown] and the context's own is an [*Error].
type Backend interface {
	// Load returns a document. It is not an error if the document does not
	// exist.
	Load(ctx context.Context, doc Doc) (Document, error)
	// Swap replaces the content of a document if its version is still was, and
	// returns the new version. The change is atomic, and durable on return.
	// With data nil it removes the document, and no old content stays readable.
	Swap(ctx context.Context, doc Doc, data []byte, was Version) (Version, error)
	// Claim takes a lock for app and waits for it until ctx ends. The lock ends
	// with this process, even if the process is killed. exclusive reports
	// whether the lock excludes every process that uses this storage. If not,
	// because the lock covers only this machine or there is none, the store
	// adds a lease in the state document. release is never nil without an
	// error.
	Claim(ctx context.Context, app string) (release func(), exclusive bool, err error)
	// Owner identifies this process for its lifetime. It is random.
	Owner() string
	// Alive reports whether the process with that [Backend.Owner] still runs.
	// certain is false if this cannot be known.
	Alive(ctx context.Context, owner string) (alive, certain bool)
	// Now returns bounds of the present instant by the backend's clock, in
	// nanoseconds since 1970. Neither decreases from one call to a later one,
	// in any process, as far as the backend can ensure it. A clock that counts
	// seconds returns bounds that are a second apart. A backend may add the
	// elapsed time to the time in an earlier answer instead of sending a
	// request.
	Now(ctx context.Context) (from, to token.Sequence, err error)
	// Warnings returns warnings for users that no error carries, such as a
	// repaired file mode. Each is returned once.
	Warnings() []token.Warning
	// Locate returns the location of one document, for diagnostics: the file or
	// the key.
	Locate(doc Doc) string
	// String returns the location of the documents, for diagnostics: the
	// folder, "vault secret/fly-tokens", "s3://bucket/prefix".
	String() string
}

// Error is a failure of a backend.
type Error struct {
	// Op is the failed operation: "read", "replace", "lock".
	Op string
	// Where is the file, key or path.
	Where string
	// Err is the cause. It contains no part of a token.
	Err error
	// Fix is the advice for the user, in a lower-case imperative.
	Fix string
	// Unwritable means that nothing can be written there, now or later in this
	// run. The error then wraps [token.ErrUnwritable].
	Unwritable bool
}

// Error returns the operation, the location, the cause and the advice. It is
// written for users and omits this package's name.
func (e *Error) Error() string {
	text := "cannot " + e.Op + " " + e.Where + ": " + e.Err.Error()
	if e.Fix != "" {
		text += ": " + e.Fix
	}
	return text
}

// Unwrap returns the cause, and [token.ErrUnwritable] if that applies.
func (e *Error) Unwrap() []error {
	if e.Unwritable {
		return []error{e.Err, token.ErrUnwritable}
	}
	return []error{e.Err}
}
