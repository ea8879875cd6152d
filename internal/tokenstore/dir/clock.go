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

// Now implements [tokenstore.Backend]. The instant comes from this machine's
// clock and is greater than any before it, even if the clock was set back: the
// greatest is kept in a file. If that file cannot be written, nothing can be
// saved either, and the instant is merely not less. The file is not synced. If
// a crash loses an instant, the tokens with that number look older and are
// acquired again.
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
	// The width is fixed, so that a short write never leaves digits of a longer
	// number. If this file cannot be written, no document can.
	text := fmt.Appendf(nil, "%020d\n", now)
	_ = b.step("write", path, func() error { return overwrite(path, text) })
	return now, now, nil
}

// latest returns the instant in the file, 0 if there is none. After a crash the
// file may hold anything.
func (b *Backend) latest(path string) token.Sequence {
	data, err := b.readFile(path, 64)
	if err != nil {
		return 0
	}
	number, _ := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 64)
	return token.Sequence(number)
}

// overwrite replaces a file's content in place. A process that is killed during
// the write leaves invalid content, but no temporary file.
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
