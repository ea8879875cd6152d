package tokenstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// maxMisses bounds the text of misses in bytes: a line for each link.
	maxMisses = 64 << 10
	// missesAge is for how long misses count. They are for those who waited while
	// they came about, and get to read them within moments; what is asked later,
	// in a run that may have begun hours ago, is worth a try.
	missesAge = time.Minute
	// missesKept is how long they stay on disk.
	missesKept = 24 * time.Hour
)

// Lock keeps every other process from acquiring for app until unlock is called or
// this process ends, however it ends: the lock is the kernel's. It waits for as
// long as ctx lasts. The error wraps [token.ErrUnwritable] where nothing can be
// written.
func (s *Store) Lock(ctx context.Context, app string) (unlock func(), err error) {
	if err := ready(ctx, app); err != nil {
		return nil, err
	}
	if err := s.makeRuns(); err != nil {
		return nil, fmt.Errorf("%w: %w", token.ErrUnwritable, err)
	}
	unlock, err = s.lockPath(ctx, app, filepath.Join(s.runs(), "lock-"+app))
	var failed *WriteError
	if errors.As(err, &failed) && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", token.ErrUnwritable, err)
	}
	return unlock, err
}

// misses is what a process tells those that wait for its lock.
type misses struct {
	Key      string         `json:"key"`
	Sequence token.Sequence `json:"sequence"`
	At       time.Time      `json:"at"`
	Misses   []miss         `json:"misses"`
}

type miss struct {
	Source token.SourceName `json:"source"`
	Reason string           `json:"reason"`
}

// Misses returns what the latest acquisition for req left with [Store.SaveMisses],
// and its number. The error wraps [token.ErrNoRecord] where that is nothing,
// nothing that can be read, or more than a minute old.
func (s *Store) Misses(ctx context.Context, req token.Request) ([]token.Attempt, token.Sequence, error) {
	if err := ready(ctx, req.App); err != nil {
		return nil, 0, err
	}
	is := s.minted(req)
	data, err := s.readRun(s.missesPath(is))
	if err != nil {
		return nil, 0, token.ErrNoRecord
	}
	var told misses
	if json.Unmarshal(data, &told) != nil || told.Key != is.key {
		return nil, 0, token.ErrNoRecord
	}
	// By a clock that was set meanwhile they count for nothing, and are found out
	// again.
	if age := time.Since(told.At); age < 0 || age > missesAge {
		return nil, 0, token.ErrNoRecord
	}
	attempts := make([]token.Attempt, len(told.Misses))
	for i, m := range told.Misses {
		attempts[i] = token.Attempt{Source: m.Source, Err: &token.MissError{Reason: m.Reason}}
	}
	return attempts, told.Sequence, nil
}

// SaveMisses keeps what other processes need not find out for themselves. Reasons
// hold no secret, as no error of a link does. The error is a [*WriteError].
func (s *Store) SaveMisses(ctx context.Context, req token.Request, attempts []token.Attempt) error {
	if err := ready(ctx, req.App); err != nil {
		return err
	}
	number, err := s.next(ctx)
	if err != nil {
		return err
	}
	is := s.minted(req)
	told := misses{Key: is.key, Sequence: number, At: time.Now().UTC()}
	for _, a := range attempts {
		told.Misses = append(told.Misses, miss{a.Source, a.Err.Error()})
	}
	data, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("tokenstore: encode misses: %w", err)
	}
	s.sweepMisses()
	path := s.missesPath(is)
	return s.step("tell", path, func() error { return overwrite(path, data) })
}

// sweepMisses removes what nobody waits for any more. Lock files stay: there is
// one for each app, and to remove one that is in use would make it two.
func (s *Store) sweepMisses() {
	entries, err := os.ReadDir(s.runs())
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && strings.HasPrefix(entry.Name(), missesPrefix) && time.Since(info.ModTime()) > missesKept {
			_ = s.remove(filepath.Join(s.runs(), entry.Name()))
		}
	}
}

func (s *Store) missesPath(is identity) string {
	return filepath.Join(s.runs(), missesPrefix+is.key+".json")
}
