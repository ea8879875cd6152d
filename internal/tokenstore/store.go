package tokenstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Scope is what a minted token depends on besides the request. A record that
// was saved under another scope is not found.
type Scope struct {
	// APIBaseURL is the base URL of the Fly API that minted the token.
	APIBaseURL string
	// Login is the fingerprint of the explicit login that tokens are minted
	// with, "" where it is flyctl's own.
	Login string
}

// Store is a [token.Store] in a folder on disk. It is safe for concurrent use,
// also by many processes.
type Store struct {
	root  string
	scope Scope
	// lockWait bounds the wait for another process that changes the same app's
	// records, which takes it milliseconds.
	lockWait time.Duration
	// fault, where set, runs before each change of the file system, and its
	// error takes the change's place. Tests set it.
	fault func(op, path string) error
	// lockless says that the file system has turned out to have no locks.
	lockless atomic.Bool

	// owner identifies this process in what it announces.
	owner string

	mu sync.Mutex
	// ownerLock is held from the first announcement on.
	ownerLock *flock.Flock
	gates     map[string]chan struct{}
	warnings  map[string][]token.Warning
}

var _ token.Store = (*Store)(nil)

// Open returns the store in the folder path, which is absolute and need not
// exist. Nothing is read or written yet: a path that cannot be used shows when
// it is used.
func Open(path string, scope Scope) *Store {
	return &Store{
		root:     path,
		scope:    scope,
		lockWait: 5 * time.Second,
		owner:    rand.Text(),
		gates:    map[string]chan struct{}{},
		warnings: map[string][]token.Warning{},
	}
}

// Minted returns the record for req, and the number of its acquisition. The error
// wraps [token.ErrNoRecord] when there is none, and is a [*ReadError] when there
// may be one. A record that is malformed is set aside, one that has ended is
// removed.
func (s *Store) Minted(ctx context.Context, req token.Request) (token.Record, token.Sequence, error) {
	if err := ready(ctx, req.App); err != nil {
		return token.Record{}, 0, err
	}
	is := s.minted(req)
	c, err := s.readMinted(is)
	if !errors.Is(err, errDead) && !errors.Is(err, errMalformed) {
		return c.record, c.sequence, err
	}
	unlock, lockErr := s.lock(ctx, req.App)
	if lockErr != nil {
		return token.Record{}, 0, err
	}
	defer unlock()
	// It may have been replaced meanwhile, by a record that is good.
	c, err = s.readMinted(is)
	switch {
	case errors.Is(err, errDead):
		// What cannot be removed is dead all the same.
		_ = s.remove(s.mintedPath(is))
	case errors.Is(err, errMalformed):
		s.setAside(is, err)
	}
	return c.record, c.sequence, err
}

// readMinted returns a record that is good for use.
func (s *Store) readMinted(is identity) (content, error) {
	path := s.mintedPath(is)
	data, err := s.readFile(is.app, path)
	if err != nil {
		return content{}, err
	}
	c, err := decode(data, is)
	if err != nil {
		return content{}, &ReadError{Path: path, Err: err}
	}
	gen, err := s.readGeneration(is.app)
	if err != nil {
		return content{}, err
	}
	if c.generation != gen {
		return content{}, fmt.Errorf("%w: the app was invalidated since", errDead)
	}
	if at := c.record.ExpiresAt; !at.IsZero() && time.Now().After(at) {
		return content{}, fmt.Errorf("%w: it expired at %s", errDead, at.Format(time.RFC3339))
	}
	return c, nil
}

// SaveMinted keeps rec for req, in place of what stood there. The error is
// [token.ErrSuperseded] when the app's generation is no longer gen, wraps
// [ErrNewerSchema] when a newer version's record stands there, and is otherwise
// a [*WriteError], or a [*ReadError] where it is no file that stands there.
func (s *Store) SaveMinted(ctx context.Context, req token.Request, rec token.Record, gen token.Generation) error {
	return s.change(ctx, req.App, func() error {
		now, err := s.readGeneration(req.App)
		if err != nil {
			return err
		}
		if now != gen {
			return token.ErrSuperseded
		}
		is := s.minted(req)
		path := s.mintedPath(is)
		seq, err := s.next(ctx)
		if err != nil {
			return err
		}
		next := content{record: rec, generation: gen, sequence: seq}
		old, err := s.readFile(is.app, path)
		switch {
		case err == nil:
			before, err := decode(old, is)
			if errors.Is(err, ErrNewerSchema) {
				return &WriteError{Op: "replace", Path: path, Err: err}
			}
			next.extra = before.extra
		case !errors.Is(err, token.ErrNoRecord):
			return err
		}
		data, err := encode(next, is)
		if err != nil {
			return err
		}
		return s.replace(path, old, data)
	})
}

// RemoveMinted removes the record for req if its token has the given fingerprint.
// Another record, or none, is left as it is. The error is a [*ReadError] or a
// [*WriteError].
func (s *Store) RemoveMinted(ctx context.Context, req token.Request, fingerprint string) error {
	// Where there is nothing to remove, nothing is created either.
	if _, _, err := s.Minted(ctx, req); err != nil {
		return ignoreMissing(err)
	}
	return s.change(ctx, req.App, func() error {
		is := s.minted(req)
		c, err := s.readMinted(is)
		if err != nil || c.record.Token.Fingerprint() != fingerprint {
			return ignoreMissing(err)
		}
		return s.remove(s.mintedPath(is))
	})
}

func ignoreMissing(err error) error {
	if errors.Is(err, token.ErrNoRecord) {
		return nil
	}
	return err
}

// ready says whether there is any point in looking for the app's records.
func ready(ctx context.Context, app string) error {
	if err := token.ValidateApp(app); err != nil {
		return err
	}
	return context.Cause(ctx)
}
