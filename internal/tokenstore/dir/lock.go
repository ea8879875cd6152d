package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// A busy lock is tried again after lockPoll, the usual duration of a lock.
// Further pauses grow up to maxLockPoll, because hundreds of processes may wait
// for one that runs flyctl.
const (
	lockPoll    = 5 * time.Millisecond
	maxLockPoll = 50 * time.Millisecond
)

// Claim implements [tokenstore.Backend] with a kernel lock.
func (b *Backend) Claim(ctx context.Context, app string) (release func(), exclusive bool, err error) {
	if err := b.makeRuns(); err != nil {
		return nil, false, err
	}
	release, err = b.lock(ctx, filepath.Join(b.runs(), "lock-"+app))
	return release, !b.lockless.Load(), err
}

// lock takes a kernel lock on a separate file. The kernel frees it when the
// process ends. A file system without locks is used anyway, with a warning.
// Reads there are still consistent, but of two concurrent writes the later one
// wins.
func (b *Backend) lock(ctx context.Context, path string) (unlock func(), err error) {
	file := flock.New(path, flock.SetFlag(lockFlags), flock.SetPermissions(fileMode))
	err = b.step("lock", path, func() error { return poll(ctx, file) })
	switch {
	case err == nil:
		// If this fails, the lock is freed when the process ends.
		return func() { _ = file.Unlock() }, nil
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), errBusy):
		return nil, writeError("lock", path, errBusy)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("cannot lock %s: %w", path, context.Cause(ctx))
	case hasNoLocks(err):
		b.warnLockless(err)
		return func() {}, nil
	default:
		return nil, err
	}
}

func hasNoLocks(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK)
}

// warnLockless warns once that the file system has no locks.
func (b *Backend) warnLockless(err error) {
	if b.lockless.Swap(true) {
		return
	}
	var failed *tokenstore.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	b.warn("Fly Token Storage Has No Locks", fmt.Sprintf(
		"The file system that holds %s cannot lock files (%s). Concurrent processes may acquire more tokens than they need. If two set a manual token for one app at once, the later one wins. A token that a killed run left at Fly is not revoked automatically. Set storage.path to a path on a local disk.", b.root, err))
}

// poll takes the lock as soon as no other process holds it.
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

// makeRuns makes the folder of the files that processes share while they run.
func (b *Backend) makeRuns() error {
	path := b.runs()
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return b.mkdir(path)
	}
	if err == nil {
		err = b.accept(path, info, fs.ModeDir)
	}
	if err != nil {
		return writeError("open folder", path, err)
	}
	return nil
}
