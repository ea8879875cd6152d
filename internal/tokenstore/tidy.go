package tokenstore

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// tempAge is the age past which a temporary file is nobody's, also where there
	// are no locks: a write takes milliseconds.
	tempAge = time.Hour
	// tidyWait bounds the wait for a folder's lock: who holds it tidies up.
	tidyWait = 100 * time.Millisecond
	// maxBad is how many damaged records are kept for each app.
	maxBad = 3
)

// Tidy removes the temporary files that killed processes left in any app's folder:
// they may hold a token, and the app may never be written to again. It tries, for
// as long as ctx lasts: what cannot be removed now is met again.
func (s *Store) Tidy(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.tidy(ctx)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		// A disk that hangs cannot be told to stop.
	}
}

func (s *Store) tidy(ctx context.Context) {
	apps, err := os.ReadDir(s.apps())
	if err != nil {
		return
	}
	for _, entry := range apps {
		app, ours := strings.CutPrefix(entry.Name(), appPrefix)
		if ctx.Err() != nil {
			return
		}
		if !ours || !entry.IsDir() || token.ValidateApp(app) != nil || len(s.temps(app)) == 0 {
			continue
		}
		waiting, cancel := context.WithTimeout(ctx, tidyWait)
		if unlock, err := s.lock(waiting, app); err == nil {
			s.sweep(app)
			unlock()
		}
		cancel()
	}
}

// temps lists the temporary files in the app's folder.
func (s *Store) temps(app string) []fs.DirEntry {
	entries, err := os.ReadDir(s.folder(app))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(entries, func(entry fs.DirEntry) bool {
		return !strings.HasPrefix(entry.Name(), tempPrefix) || !entry.Type().IsRegular()
	})
}

// sweep removes temporary files that a killed process left in the app's folder.
// The caller holds the lock, without which nobody writes there, so that none of
// them is in use. It tries: what cannot be removed now is met again.
func (s *Store) sweep(app string) {
	for _, entry := range s.temps(app) {
		info, err := entry.Info()
		if err == nil && (!s.lockless.Load() || time.Since(info.ModTime()) > tempAge) {
			_ = s.remove(filepath.Join(s.folder(app), entry.Name()))
		}
	}
}

// setAside takes a damaged minted record out of the way, for a person to look
// at, and says so. The caller holds the lock.
func (s *Store) setAside(is identity, cause error) {
	path := s.mintedPath(is)
	aside := path + badMark + time.Now().UTC().Format("20060102T150405.000000000")
	what := "It was set aside as " + filepath.Base(aside) + ", and another token is acquired in its place."
	if err := s.step("set aside", path, func() error { return renameFile(path, aside) }); err != nil {
		what = "It could not be set aside (" + err.Error() + "), so it is skipped, and another token is acquired in its place."
	}
	s.warn(is.app, "Stored Fly App Token Is Damaged", fmt.Sprintf("A token kept for app %q cannot be read: %s. %s", is.app, cause, what))
	s.pruneBad(is.app)
}

// pruneBad removes the oldest of the records set aside.
func (s *Store) pruneBad(app string) {
	folder := s.folder(app)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	var bad []string
	for _, entry := range entries {
		if strings.Contains(entry.Name(), badMark) {
			bad = append(bad, entry.Name())
		}
	}
	// What follows the mark is a time, and sorts as one.
	slices.SortFunc(bad, func(a, b string) int {
		_, at, _ := strings.Cut(a, badMark)
		_, bt, _ := strings.Cut(b, badMark)
		return strings.Compare(bt, at)
	})
	for _, name := range bad[min(len(bad), maxBad):] {
		_ = s.remove(filepath.Join(folder, name))
	}
}

// repair closes a file or folder to others, and says that it was open.
func (s *Store) repair(app, path string, info fs.FileInfo) {
	mode := fileMode
	if info.IsDir() {
		mode = folderMode
	}
	what := fmt.Sprintf("its mode is %04o now.", mode)
	if !strings.HasPrefix(path, s.runs()) {
		what += " Where those others are not to be trusted, revoke the tokens kept there."
	}
	if err := s.step("set mode", path, func() error { return os.Chmod(path, mode) }); err != nil {
		what = fmt.Sprintf("its mode could not be changed (%s): change it to %04o, or give storage another path.", err, mode)
	}
	s.warn(app, "Fly Token Storage Is Open to Others",
		fmt.Sprintf("Other users of this machine could get at %s, whose mode was %04o; %s", path, info.Mode().Perm(), what))
}
