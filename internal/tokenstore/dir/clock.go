package dir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	clockFile = "clock"
	clockLock = "clock.lock"
)

// Now implements [tokenstore.Backend]. The instant is this machine's, and is
// greater than any before it, whatever this machine's clock says: the greatest is
// kept in a file. Where that cannot be written, nothing can be saved either, and
// the instant is only not less. The file is not synced: an instant that a crash
// takes back makes what it numbered look older, and so be acquired again.
func (b *Backend) Now(ctx context.Context) (from, to token.Sequence, err error) {
	now := token.Sequence(time.Now().UnixNano())
	path := filepath.Join(b.runs(), clockFile)
	if err := b.makeRuns(); err != nil {
		now = max(now, b.latest(path))
		return now, now, context.Cause(ctx)
	}
	waiting, cancel := context.WithTimeoutCause(ctx, b.lockWait, errBusy)
	defer cancel()
	unlock, err := b.lock(waiting, filepath.Join(b.runs(), clockLock))
	if err != nil {
		now = max(now, b.latest(path))
		return now, now, context.Cause(ctx)
	}
	defer unlock()
	now = max(now, b.latest(path)+1)
	// Of one width always, so that none is left half over a longer one. Where it
	// cannot be written, no document can.
	text := fmt.Appendf(nil, "%020d\n", now)
	_ = b.step("write", path, func() error { return overwrite(path, text) })
	return now, now, nil
}

// latest returns the instant in the file, 0 where there is none. A crash may have
// left anything: the clock leads on from there.
func (b *Backend) latest(path string) token.Sequence {
	data, err := b.readFile(path, 64)
	if err != nil {
		return 0
	}
	number, _ := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 64)
	return token.Sequence(number)
}

// overwrite makes data a file's content in place. A process killed in the middle
// leaves what makes no sense, and no temporary file.
func overwrite(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, lockFlags, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	return f.Truncate(int64(len(data)))
}
