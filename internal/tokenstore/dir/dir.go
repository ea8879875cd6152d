package dir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

const (
	lockFile = "lock"

	appPrefix  = "app-"
	tempPrefix = ".tmp-"
)

// Backend is a [tokenstore.Backend] in a folder. It is safe for concurrent use,
// also by many processes.
type Backend struct {
	root string
	// lockWait bounds the wait for another process that changes the same app's
	// documents, which takes it milliseconds.
	lockWait time.Duration
	// fault, if set, runs before each change of the file system. If it returns
	// an error, the change fails with it. Tests set it.
	fault func(op, path string) error
	// lockless is set when the file system proves to have no locks.
	lockless atomic.Bool
	rootOnce sync.Once
	identity func() string
	// ownerLock is this process's lock. Without a reference to it, the lock
	// would end.
	ownerLock *flock.Flock

	// changes serializes changes if the file system cannot.
	changes  sync.Mutex
	mu       sync.Mutex
	warnings []token.Warning
	warned   map[token.Warning]bool
}

var _ tokenstore.Backend = (*Backend)(nil)

// Open returns the backend in the folder path, which is absolute and need not
// exist. It reads and writes nothing: the first use reports an unusable path.
func Open(path string) *Backend {
	b := &Backend{root: path, lockWait: 5 * time.Second, warned: map[token.Warning]bool{}}
	b.identity = sync.OnceValue(b.newOwner)
	return b
}

// String returns the folder.
func (b *Backend) String() string { return b.root }

// Locate returns the path of a document's file.
func (b *Backend) Locate(doc tokenstore.Doc) string {
	return filepath.Join(b.folder(doc.App), string(doc.Kind)+".json")
}

// apps returns the parent of the apps' folders. The provider owns it and its
// content. The folder above belongs to the user, and its mode is not changed.
func (b *Backend) apps() string { return filepath.Join(b.root, "apps") }

// runs returns the folder of the files that processes share while they run.
// Their loss in a crash is harmless, so it is never synced.
func (b *Backend) runs() string { return filepath.Join(b.root, "runs") }

// folder returns an app's folder. The prefix avoids the names that Windows
// reserves, such as con. An app's name is always lower-case.
func (b *Backend) folder(app string) string { return filepath.Join(b.apps(), appPrefix+app) }

// Load implements [tokenstore.Backend].
func (b *Backend) Load(ctx context.Context, doc tokenstore.Doc) (tokenstore.Document, error) {
	if err := context.Cause(ctx); err != nil {
		return tokenstore.Document{}, err
	}
	data, absence, err := b.read(doc)
	return tokenstore.Document{Data: data, Absence: absence, Version: version(data)}, err
}

// version identifies a content. The store puts a random value into each, so that
// no two are equal.
func version(data []byte) tokenstore.Version {
	if data == nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return tokenstore.Version(hex.EncodeToString(sum[:]))
}

// Swap implements [tokenstore.Backend].
func (b *Backend) Swap(ctx context.Context, doc tokenstore.Doc, data []byte, was tokenstore.Version) (tokenstore.Version, error) {
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	if err := b.makeFolder(doc.App); err != nil {
		return "", err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, b.lockWait, errBusy)
	defer cancel()
	unlock, err := b.lock(waiting, filepath.Join(b.folder(doc.App), lockFile))
	if err != nil {
		return "", err
	}
	defer unlock()
	if b.lockless.Load() {
		b.changes.Lock()
		defer b.changes.Unlock()
	}
	b.sweep(doc.App)
	old, _, err := b.read(doc)
	if err != nil {
		return "", err
	}
	if version(old) != was {
		return "", tokenstore.ErrConflict
	}
	path := b.Locate(doc)
	switch {
	case data != nil:
		if err = b.writeFile(path, data); err != nil {
			b.restore(path, old, err)
		}
	case old != nil:
		err = b.remove(path)
	}
	return version(data), err
}

// Warnings implements [tokenstore.Backend].
func (b *Backend) Warnings() []token.Warning {
	b.mu.Lock()
	defer b.mu.Unlock()
	ws := b.warnings
	b.warnings = nil
	return ws
}

// warn keeps a warning until it can be shown, once.
func (b *Backend) warn(summary, detail string) {
	w := token.Warning{Summary: summary, Detail: detail}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.warned[w] && !slices.Contains(b.warnings, w) {
		b.warned[w] = true
		b.warnings = append(b.warnings, w)
	}
}
