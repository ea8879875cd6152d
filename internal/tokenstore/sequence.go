package tokenstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	sequenceFile = "sequence"
	sequenceLock = "sequence.lock"
)

// Sequence returns the number of the latest acquisition; 0 before the first, and
// where its file is damaged. The error is that of the file system.
func (s *Store) Sequence(ctx context.Context) (token.Sequence, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	data, err := s.readRun(filepath.Join(s.runs(), sequenceFile))
	if errors.Is(err, token.ErrNoRecord) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	// A crash may have left anything: the clock, which the next number is taken
	// from, leads on from there.
	number, _ := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 64)
	return token.Sequence(number), nil
}

// next numbers an acquisition. The number comes from the clock, and is greater
// than the last one whatever the clock says. It is not synced: a number that a
// crash takes back makes what it numbered look older, and so be acquired again.
func (s *Store) next(ctx context.Context) (token.Sequence, error) {
	if err := s.makeRuns(); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.lockWait, errBusy)
	defer cancel()
	unlock, err := s.lockPath(ctx, "", filepath.Join(s.runs(), sequenceLock))
	if err != nil {
		return 0, err
	}
	defer unlock()
	last, err := s.Sequence(ctx)
	if err != nil {
		return 0, err
	}
	number := max(last+1, token.Sequence(time.Now().UnixNano()))
	path := filepath.Join(s.runs(), sequenceFile)
	// Of one width always, so that none is left half over a longer one.
	text := fmt.Appendf(nil, "%020d\n", number)
	err = s.step("number", path, func() error { return overwrite(path, text) })
	return number, err
}

// readRun reads a file of the folder that processes talk through. What would not
// fit is left out, and then makes no sense. The error is [token.ErrNoRecord] or a
// [*ReadError].
func (s *Store) readRun(path string) ([]byte, error) {
	if err := s.inspect("", s.runs(), fs.ModeDir); err != nil {
		return nil, err
	}
	if err := s.inspect("", path, 0); err != nil {
		return nil, err
	}
	f, err := openRecord(path)
	if absent(err) {
		return nil, token.ErrNoRecord
	}
	if err != nil {
		return nil, &ReadError{Path: path, Err: bare(err)}
	}
	// Nothing was written that closing could lose.
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxMisses))
	if err != nil {
		return nil, &ReadError{Path: path, Err: bare(err)}
	}
	return data, nil
}

// overwrite makes data a file's content in place. Who is killed in the middle
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

// makeRuns makes the folder of what processes tell each other.
func (s *Store) makeRuns() error {
	path := s.runs()
	err := s.inspect("", path, fs.ModeDir)
	if errors.Is(err, token.ErrNoRecord) {
		return s.mkdir(path)
	}
	var unreadable *ReadError
	if errors.As(err, &unreadable) {
		return &WriteError{Op: "open folder", Path: path, Err: unreadable.Err}
	}
	return err
}
