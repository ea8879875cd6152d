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
	// maxFile bounds config.yml in bytes. flyctl's own, with a macaroon for
	// each of a hundred organizations and WireGuard peers, stays far below.
	maxFile = 1 << 20
	// lockName is flyctl's lock file, in the same folder as config.yml
	// (superfly/flyctl, internal/config: lockPath).
	lockName = "flyctl.config.lock"
	// lockWait is how long flyctl itself waits for its lock.
	lockWait = time.Second
	// lockPoll is the pause between two tries at the lock.
	lockPoll = 20 * time.Millisecond
	// firstPause and lastPause bound the pauses, each twice as long as the one
	// before, after which a file that may be half-written is read again. flyctl
	// truncates config.yml and writes it anew, well within a millisecond; in all
	// it is given 310.
	firstPause = 10 * time.Millisecond
	lastPause  = 160 * time.Millisecond
)

// errTorn marks a miss that a file caught half-written would also give.
var errTorn = errors.New("the file may be half-written")

// readLogin reads the login in the config.yml at path.
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

// readLocked reads config.yml under flyctl's lock, or without it where it
// cannot be had before lockCtx ends.
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
	return Login{Token: t, From: path, Warnings: modeWarnings(path, info.Mode())}, nil
}

// checkKind refuses what would block or is no file. It is asked before the file
// is opened: opening a named pipe waits for its writer.
func checkKind(path string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return &token.MissError{Reason: path + " is a folder", Fix: "set config_file to flyctl's config.yml"}
	case !info.Mode().IsRegular():
		return &token.MissError{Reason: path + " is not a regular file", Fix: "set config_file to flyctl's config.yml"}
	case info.Size() > maxFile:
		return tooLarge(path, info.Size())
	default:
		return nil
	}
}

func tooLarge(path string, size int64) error {
	return &token.MissError{
		Reason: fmt.Sprintf("%s is %d bytes large, and more than %d are not read", path, size, maxFile),
		Fix:    "check that it is flyctl's config.yml",
	}
}

// unreadable returns a miss that says why a file cannot be read.
func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &token.MissError{Reason: "there is no " + path, Fix: "run `fly auth login`", Cause: err}
	}
	why := err
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		why = pathErr.Err
	}
	return &token.MissError{
		Reason: fmt.Sprintf("cannot read %s: %v", path, why),
		Fix:    "check who may read it",
		Cause:  err,
	}
}

// lockShared takes flyctl's lock for reading and returns what gives it back. A
// lock that is not there, or cannot be had in time, is done without: what is
// read torn is read again.
func lockShared(ctx context.Context, dir string) (unlock func()) {
	path := filepath.Join(dir, lockName)
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return func() {}
	}
	// Without O_CREATE: a lock that flyctl has not made is not ours to make.
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	if ok, err := lock.TryRLockContext(ctx, lockPoll); err != nil || !ok {
		return func() {}
	}
	return func() { _ = lock.Unlock() }
}

func readCapped(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if len(data) > maxFile {
		return nil, tooLarge(path, int64(len(data)))
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &token.MissError{Reason: path + " is empty", Fix: "run `fly auth login`", Cause: errTorn}
	}
	return data, nil
}

// modeWarnings warns of a file that users other than its owner may read or write.
// Windows has no such mode bits.
func modeWarnings(path string, mode fs.FileMode) []token.Warning {
	if runtime.GOOS == "windows" || mode.Perm()&0o077 == 0 {
		return nil
	}
	return []token.Warning{{
		Summary: "Fly Login Is Open to Other Users",
		Detail: fmt.Sprintf("%s holds a Fly login, and its mode %04o lets other users of this machine at it. Run `chmod 600 %s`.",
			path, mode.Perm(), path),
	}}
}
