package tokenstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Generation returns the app's generation: 0 for an app that was never
// invalidated, and a greater number after each invalidation. Where its file is
// damaged, a new generation begins. The error is a [*ReadError] or a
// [*WriteError].
func (s *Store) Generation(ctx context.Context, app string) (token.Generation, error) {
	if err := ready(ctx, app); err != nil {
		return 0, err
	}
	gen, err := s.readGeneration(app)
	if !errors.Is(err, errMalformed) {
		return gen, err
	}
	err = s.change(ctx, app, func() error {
		// Somebody else may have repaired it meanwhile.
		gen, err = s.readGeneration(app)
		if !errors.Is(err, errMalformed) {
			return err
		}
		gen, err = s.raise(app)
		return err
	})
	return gen, err
}

// Invalidate raises the app's generation and removes its minted records, for
// every access and organization, and of every scope and schema. The manual
// record stays. The error is a [*WriteError]; the generation may then have been
// raised nevertheless.
func (s *Store) Invalidate(ctx context.Context, app string) error {
	return s.change(ctx, app, func() error {
		_, err := s.raise(app)
		return errors.Join(err, s.removeMinted(app))
	})
}

func (s *Store) readGeneration(app string) (token.Generation, error) {
	path := filepath.Join(s.folder(app), generationFile)
	data, err := s.readFile(app, path)
	if errors.Is(err, token.ErrNoRecord) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	gen, err := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 64)
	if err != nil {
		return 0, &ReadError{Path: path, Err: fmt.Errorf("%w: %d bytes that are no number", errMalformed, len(data))}
	}
	return token.Generation(gen), nil
}

// raise begins a new generation. Its number comes from the clock, and is greater
// than the last one whatever the clock says: a mere count would come to the same
// number twice where storage was removed in between, and let a flight from
// before the removal pass for a current one.
func (s *Store) raise(app string) (token.Generation, error) {
	// A generation that cannot be read is replaced all the same.
	last, _ := s.readGeneration(app)
	next := max(last+1, token.Generation(time.Now().UnixNano()))
	path := filepath.Join(s.folder(app), generationFile)
	return next, s.writeFile(path, []byte(strconv.FormatUint(uint64(next), 10)+"\n"))
}

// removeMinted removes the minted records and what was set aside of them. Not to
// sync the folder is enough: a record that comes back after a crash is of a
// generation that has ended.
func (s *Store) removeMinted(app string) error {
	folder := s.folder(app)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return &WriteError{Op: "list", Path: folder, Err: bare(err)}
	}
	var failed []error
	for _, entry := range entries {
		if entry.IsDir() || !strings.HasPrefix(entry.Name(), mintedPrefix) {
			continue
		}
		failed = append(failed, s.remove(filepath.Join(folder, entry.Name())))
	}
	return errors.Join(failed...)
}
