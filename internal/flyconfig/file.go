package flyconfig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// maxFile bounds config.yml in bytes. A file with macaroons for a hundred
	// organizations and WireGuard peers is far smaller.
	maxFile = 1 << 20
	// lockName is flyctl's lock file, in the same folder as config.yml
	// (superfly/flyctl, internal/config: lockPath).
	lockName = "flyctl.config.lock"
	// lockWait is how long flyctl itself waits for its lock.
	lockWait = time.Second
	lockPoll = 20 * time.Millisecond
	// firstPause and lastPause bound the pauses, each twice as long as the one
	// before, after which a file that may be half-written is read again. flyctl
	// truncates config.yml and rewrites it in less than a millisecond. The
	// pauses add up to 310.
	firstPause = 10 * time.Millisecond
	lastPause  = 160 * time.Millisecond
)

// errTorn marks a miss that a half-written file could also cause.
var errTorn = errors.New("the file may be half-written")

func readLogin(ctx context.Context, path string) (Login, error) {
	lockCtx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	for pause := firstPause; ; pause *= 2 {
		login, err := readLocked(lockCtx, path)
		if ctx.Err() != nil {
			return Login{}, ctx.Err()
		}
		if !errors.Is(err, errTorn) || pause > lastPause {
			return login, err
		}
		select {
		case <-ctx.Done():
			return Login{}, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// readLocked reads config.yml under flyctl's lock, or without the lock if it is
// not available before lockCtx ends.
func readLocked(lockCtx context.Context, path string) (Login, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Login{}, unreadable(path, err)
	}
	if err := checkKind(path, info); err != nil {
		return Login{}, err
	}
	unlock := lockShared(lockCtx, filepath.Dir(path))
	data, err := readCapped(path)
	unlock()
	if err != nil {
		return Login{}, err
	}
	t, err := parseLogin(path, data)
	if err != nil {
		return Login{}, err
	}
	return Login{Token: t, From: path, warnings: modeWarnings(path, info.Mode())}, nil
}

// checkKind refuses anything but a regular file. It is called before the file
// is opened, because opening a named pipe waits for its writer.
func checkKind(path string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return &token.MissError{Reason: path + " is a folder", Fix: "set config_file to flyctl's config.yml"}
	case !info.Mode().IsRegular():
		return &token.MissError{Reason: path + " is not a regular file", Fix: "set config_file to flyctl's config.yml"}
	case info.Size() > maxFile:
		return &token.MissError{
			Reason: fmt.Sprintf("%s is %d bytes large, more than the maximum of %d", path, info.Size(), maxFile),
			Fix:    "check that it is flyctl's config.yml",
		}
	default:
		return nil
	}
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &token.MissError{Reason: "not found: " + path, Fix: "run `fly auth login`", Cause: err}
	}
	why := err
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		why = pathErr.Err
	}
	return &token.MissError{
		Reason: fmt.Sprintf("cannot read %s: %v", path, why),
		Fix:    "check its permissions",
		Cause:  err,
	}
}

// lockShared takes flyctl's lock for reading and returns its release. If there
// is no lock file, or the lock is not free in time, the file is read without
// it: a torn read is repeated.
func lockShared(ctx context.Context, dir string) (unlock func()) {
	path := filepath.Join(dir, lockName)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return func() {}
	}
	// Without O_CREATE: only flyctl makes its lock file.
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	if ok, err := lock.TryRLockContext(ctx, lockPoll); err != nil || !ok {
		return func() {}
	}
	return func() { _ = lock.Unlock() }
}

// readCapped reads at most maxFile bytes, in case the file grows.
func readCapped(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &token.MissError{Reason: path + " is empty", Fix: "run `fly auth login`", Cause: errTorn}
	}
	return data, nil
}

// modeWarnings warns about a file that users other than its owner may read or
// write. Windows has no such mode bits.
func modeWarnings(path string, mode fs.FileMode) []token.Warning {
	if runtime.GOOS == "windows" || mode.Perm()&0o077 == 0 {
		return nil
	}
	return []token.Warning{{
		Summary: "Fly Login Is Open to Other Users",
		Detail: fmt.Sprintf("%s holds a Fly login, and its mode %04o gives other users of this machine access to it. Run `chmod 600 %s`.",
			path, mode.Perm(), path),
	}}
}
