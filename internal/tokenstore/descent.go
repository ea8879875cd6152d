package tokenstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// maxMisses bounds the text of misses in bytes: a line for each link.
const maxMisses = 64 << 10

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
	Misses   []miss         `json:"misses"`
}

type miss struct {
	Source token.SourceName `json:"source"`
	Reason string           `json:"reason"`
}

// Misses returns what the latest acquisition for req left with [Store.SaveMisses],
// and its number. The error wraps [token.ErrNoRecord] where that is nothing, or
// nothing that can be read.
func (s *Store) Misses(ctx context.Context, req token.Request) ([]token.Attempt, token.Sequence, error) {
	if err := ready(ctx, req.App); err != nil {
		return nil, 0, err
	}
	is := s.minted(req)
	data, err := readShort(s.missesPath(is))
	if err != nil {
		return nil, 0, token.ErrNoRecord
	}
	var told misses
	if json.Unmarshal(data, &told) != nil || told.Key != is.key {
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
	told := misses{Key: is.key, Sequence: number}
	for _, a := range attempts {
		told.Misses = append(told.Misses, miss{a.Source, a.Err.Error()})
	}
	data, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("tokenstore: encode misses: %w", err)
	}
	return s.writeFile(s.missesPath(is), data)
}

func (s *Store) missesPath(is identity) string {
	return filepath.Join(s.runs(), "misses-"+is.key+".json")
}
