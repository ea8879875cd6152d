package tokenstore

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// tempAge is the age past which a temporary file is nobody's: a write takes
	// milliseconds.
	tempAge = time.Hour
	// maxBad is how many damaged records are kept for each app.
	maxBad = 3
)

// sweep removes temporary files that a killed process left in the app's folder.
// It tries: what cannot be removed now is met again.
func (s *Store) sweep(app string) {
	folder := s.folder(app)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), tempPrefix) || !entry.Type().IsRegular() {
			continue
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > tempAge {
			_ = s.remove(filepath.Join(folder, entry.Name()))
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
	what := fmt.Sprintf("its mode is %04o now. Where that others are not to be trusted, revoke the tokens kept there.", mode)
	if err := s.step("set mode", path, func() error { return os.Chmod(path, mode) }); err != nil {
		what = fmt.Sprintf("its mode could not be changed (%s): change it to %04o, or give storage another path.", err, mode)
	}
	s.warn(app, "Fly Token Storage Is Open to Others",
		fmt.Sprintf("Other users of this machine could get at %s, whose mode was %04o; %s", path, info.Mode().Perm(), what))
}
