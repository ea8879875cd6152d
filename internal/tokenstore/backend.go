package tokenstore

import (
	"context"
	"errors"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Kind names one of an app's documents. It is safe as a part of a path.
type Kind string

const (
	// KindState is the document of minted records, misses, announced mints and
	// the claim. Its loss costs new tokens.
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
	// App is a valid name of a Fly app.
	App string
	// Kind is a lower-case word with hyphens and digits.
	Kind Kind
}

// Version identifies one content of a document. A document that does not exist
// has a version too, which is good for creating it.
type Version string

// Document is what a backend holds under a [Doc].
type Document struct {
	// Data is the content, nil where the document does not exist. It is JSON,
	// except in a document that something else damaged: a backend returns the
	// bytes that it found. The store puts a new random value into each content
	// that it writes, so that two writes never have equal content.
	Data []byte
	// Absence is why there can be no such document, such as a path that leads
	// through a file; nil where there is none yet.
	Absence error
	// Version is the version to pass to [Backend.Swap].
	Version Version
}

var (
	// ErrConflict is wrapped by the error of [Backend.Swap] when the version is
	// no longer current. Nothing was changed.
	ErrConflict = errors.New("the document was changed meanwhile")
	// ErrUnknown is wrapped by the error of [Backend.Swap] when no answer came:
	// the change may have been made. The store loads the document again to find
	// out.
	ErrUnknown = errors.New("no answer: the change may have been made")
)

// Backend keeps documents. The store does everything else, so a backend is
// small. Methods are safe for concurrent use and observe ctx. Every error but
// [ErrConflict], [ErrUnknown] and the context's own is an [*Error].
type Backend interface {
	// Load returns a document. One that does not exist is no error.
	Load(ctx context.Context, doc Doc) (Document, error)
	// Swap replaces the content of a document if its version is still was, and
	// returns the new version. The change is atomic, and durable on return.
	// With data nil it removes the document, and no old content stays readable.
	Swap(ctx context.Context, doc Doc, data []byte, was Version) (Version, error)
	// Claim takes a lock for app and waits for it as long as ctx lasts. The lock
	// ends with this process, however that ends. exclusive says that the lock
	// excludes every process that uses this storage. Without it, as where the
	// lock is this machine's alone or there is none, the store adds a lease,
	// which it keeps in the state document. release is never nil without an
	// error.
	Claim(ctx context.Context, app string) (release func(), exclusive bool, err error)
	// Owner identifies this process for as long as it lives. It is random.
	Owner() string
	// Alive reports whether the process with that [Backend.Owner] still runs.
	// certain is false where this cannot be known.
	Alive(ctx context.Context, owner string) (alive, certain bool)
	// Now returns bounds of the present instant by the backend's clock, in
	// nanoseconds since 1970. Neither decreases from one call to a later one, in
	// this process or in another, as far as the backend can ensure it. A clock
	// that counts seconds returns bounds that are a second apart. Where an
	// earlier answer told the time, its time plus what has passed since needs no
	// new request.
	Now(ctx context.Context) (from, to token.Sequence, err error)
	// Warnings returns what users should know and no error says, such as a file
	// mode that was repaired. Each is returned once.
	Warnings() []token.Warning
	// Locate names the place of one document, for diagnostics: the file, the key.
	Locate(doc Doc) string
	// String says where the documents are, for diagnostics: the folder,
	// "vault secret/fly-tokens", "s3://bucket/prefix".
	String() string
}

// Error says that a backend could not do something.
type Error struct {
	// Op is what it could not do, in words: "read", "replace", "lock".
	Op string
	// Where names the file, key or path.
	Where string
	// Err is the cause. It holds nothing of a token.
	Err error
	// Fix says what the user can do, in a lower-case imperative.
	Fix string
	// Unwritable says that nothing can be written there, now or later in this
	// run. The error then wraps [token.ErrUnwritable].
	Unwritable bool
}

// Error names the step, the place and the cause, and says what to do. It is made
// for users, and omits the name of this package.
func (e *Error) Error() string {
	text := "cannot " + e.Op + " " + e.Where + ": " + e.Err.Error()
	if e.Fix != "" {
		text += ": " + e.Fix
	}
	return text
}

// Unwrap returns the cause, and [token.ErrUnwritable] where that applies.
func (e *Error) Unwrap() []error {
	if e.Unwritable {
		return []error{e.Err, token.ErrUnwritable}
	}
	return []error{e.Err}
}
