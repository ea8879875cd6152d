package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// A lock that another process holds is tried again after lockPoll, which is as
// long as most are held, and then ever more rarely, down to once every
// maxLockPoll: hundreds of processes may wait for one that runs flyctl.
const (
	lockPoll    = 5 * time.Millisecond
	maxLockPoll = 50 * time.Millisecond
)

// errBusy is the cause of a wait that lasted too long.
var errBusy = errors.New("another process has held it for too long")

// change makes the app's folder, locks it, and runs do.
func (s *Store) change(ctx context.Context, app string, do func() error) error {
	if err := ready(ctx, app); err != nil {
		return err
	}
	if err := s.makeFolder(app); err != nil {
		return err
	}
	unlock, err := s.lock(ctx, app)
	if err != nil {
		return err
	}
	defer unlock()
	s.sweep(app)
	return do()
}

// lock excludes every other change of the app's records, in this process and in
// others. Readers need it not.
func (s *Store) lock(ctx context.Context, app string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.lockWait, errBusy)
	defer cancel()
	return s.lockPath(ctx, app, filepath.Join(s.folder(app), lockFile))
}

// lockPath locks a file that is there for nothing else. A process that dies frees
// its lock, for it is the kernel's. A file system that has no locks is used
// without: what is read there is still whole, and never of a generation that has
// ended, but of two writers the later one wins.
func (s *Store) lockPath(ctx context.Context, app, path string) (unlock func(), err error) {
	gate := s.gate(path)
	select {
	case gate <- struct{}{}:
	case <-ctx.Done():
		return nil, lockError(ctx, path)
	}
	file := flock.New(path, flock.SetFlag(lockFlags), flock.SetPermissions(fileMode))
	err = s.step("lock", path, func() error { return poll(ctx, file) })
	switch {
	case err == nil:
	case ctx.Err() != nil:
		<-gate
		return nil, lockError(ctx, path)
	case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK):
		s.lockless.Store(true)
		s.warn(app, "Fly Token Storage Has No Locks",
			fmt.Sprintf("The file system that holds %s cannot lock files (%s). Several processes that use it at once may acquire more tokens than they need, and of two that set a manual token for one app at once, the later one wins. Give storage a path on a local disk.", s.root, err))
	default:
		<-gate
		return nil, err
	}
	return func() {
		// What is not unlocked here is unlocked when the process ends.
		_ = file.Unlock()
		<-gate
	}, nil
}

// poll takes the lock as soon as nobody else has it.
func poll(ctx context.Context, file *flock.Flock) error {
	for pause := lockPoll; ; pause = min(2*pause, maxLockPoll) {
		if ok, err := file.TryLock(); ok || err != nil {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

func lockError(ctx context.Context, path string) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errBusy) {
		return &WriteError{Op: "lock", Path: path, Err: cause}
	}
	return fmt.Errorf("tokenstore: lock %s: %w", path, cause)
}

// gate returns a file's lock within this process. It spares the file's lock a
// crowd, and stands in for it where there is none.
func (s *Store) gate(path string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := s.gates[path]
	if gate == nil {
		gate = make(chan struct{}, 1)
		s.gates[path] = gate
	}
	return gate
}
