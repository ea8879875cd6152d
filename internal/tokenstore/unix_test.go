//go:build unix

package tokenstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// full is what a disk says that has no room left.
var full error = syscall.ENOSPC

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestStorageOpenToOthersIsRepairedWithAWarning(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	rec := set(t, s, "web")
	open := map[string]os.FileMode{
		root:                             0o755,
		filepath.Join(root, "apps"):      0o777,
		appFolder(root, "web"):           0o750,
		manualPath(root):                 0o644,
		filepath.Join(root, "unrelated"): 0o644,
	}
	write(t, filepath.Join(root, "unrelated"), "x")
	for path, mode := range open {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.ManualSource().Acquire(t.Context(), web)
	if err != nil || got.Token != rec.Token {
		t.Fatalf("Acquire() = %v, %v", got.Token, err)
	}
	var details []string
	for _, w := range got.Warnings {
		details = append(details, w.Detail)
	}
	all := strings.Join(details, "\n")
	for _, want := range []string{"apps, whose mode was 0777; its mode is 0700 now", "app-web, whose mode was 0750; its mode is 0700", "manual.json, whose mode was 0644; its mode is 0600"} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning says %q:\n%s", want, all)
		}
	}
	want := map[string]os.FileMode{
		// The folder that was configured is the user's, and may hold other things.
		root:                             0o755,
		filepath.Join(root, "unrelated"): 0o644,
		filepath.Join(root, "apps"):      0o700,
		appFolder(root, "web"):           0o700,
		manualPath(root):                 0o600,
	}
	for path, mode0 := range want {
		if got := mode(t, path); got != mode0 {
			t.Errorf("%s has mode %04o, want %04o", path, got, mode0)
		}
	}
	if got, _ := s.ManualSource().Acquire(t.Context(), web); got.Warnings != nil {
		t.Errorf("warned again: %v", got.Warnings)
	}
}

func TestWiderRecordIsReplacedByACloseOne(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	set(t, s, "web")
	if err := os.Chmod(manualPath(root), 0o666); err != nil {
		t.Fatal(err)
	}
	set(t, s, "web")
	if got := mode(t, manualPath(root)); got != 0o600 {
		t.Errorf("mode %04o, want 0600", got)
	}
}

func TestModeOfAnotherUsersFolderCannotBeRepaired(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	rec := set(t, s, "web")
	if err := os.Chmod(filepath.Join(root, "apps"), 0o755); err != nil {
		t.Fatal(err)
	}
	failAt(s, "set mode", syscall.EPERM)
	got, err := s.ManualSource().Acquire(t.Context(), web)
	if err != nil || got.Token != rec.Token {
		t.Fatalf("Acquire() = %v, %v", got.Token, err)
	}
	if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0].Detail, "its mode could not be changed") {
		t.Errorf("warnings: %v", got.Warnings)
	}
}

// What stands in place of a record or a folder is neither read nor written nor
// waited for, be it a link to a good record or a pipe.
func TestLinkOrPipeIsRefused(t *testing.T) {
	t.Parallel()
	link := func(t *testing.T, path, target string) {
		t.Helper()
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	places := map[string]struct {
		place func(t *testing.T, root string) string
		put   func(t *testing.T, path, moved string)
		want  string
	}{
		"record, link":          {record, link, "a symbolic link, not a file"},
		"record, dangling link": {record, func(t *testing.T, path, _ string) { t.Helper(); link(t, path, "nowhere") }, "a symbolic link, not a file"},
		"record, pipe": {record, func(t *testing.T, path, _ string) {
			t.Helper()
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "a special file, not a file"},
		"app folder, link": {func(_ *testing.T, root string) string { return appFolder(root, "web") }, link, "a symbolic link, not a folder"},
		"apps, link":       {func(_ *testing.T, root string) string { return filepath.Join(root, "apps") }, link, "a symbolic link, not a folder"},
	}
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, root := open(t)
			set(t, s, "web")
			path := place.place(t, root)
			moved := filepath.Join(root, "moved")
			if err := os.Rename(path, moved); err != nil {
				t.Fatal(err)
			}
			place.put(t, path, moved)
			_, err := s.Manual(t.Context(), "web")
			if !errors.Is(err, token.ErrStop) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), place.want) {
				t.Errorf("Manual() error = %v, want one that stops, names %s, and says %q", err, path, place.want)
			}
			err = s.SetManual(t.Context(), "web", manual(t))
			if err == nil || !strings.Contains(err.Error(), place.want) {
				t.Errorf("SetManual() error = %v, want %q", err, place.want)
			}
		})
	}
}

func record(_ *testing.T, root string) string { return manualPath(root) }

// A storage path that is a link is the user's choice.
func TestStoragePathMayBeALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink(dir, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	s := tokenstore.Open(filepath.Join(dir, "link"), scope)
	wantManual(t, s, "web", set(t, s, "web"))
}

func platformRoles() map[string]role { return map[string]role{"stranger": stranger} }

// stranger uses storage as a user that may not, whoever runs the tests, and
// tells what each call said.
func stranger(s *tokenstore.Store, _ string) error {
	if os.Geteuid() == 0 {
		const nobody = 65534
		if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	ctx := context.Background()
	rec, err := childRecord()
	if err != nil {
		return err
	}
	_, err = s.Manual(ctx, "web")
	fmt.Println(errors.Is(err, token.ErrStop), errors.Is(err, fs.ErrPermission), err)
	_, err = s.MintedSource().Acquire(ctx, web)
	fmt.Println(errors.Is(err, token.ErrStop), errors.Is(err, fs.ErrPermission), err)
	err = s.SetManual(ctx, "web", rec)
	var failed *tokenstore.WriteError
	fmt.Println(errors.As(err, &failed), errors.Is(err, fs.ErrPermission), err)
	return nil
}

// Whether there is a manual record cannot be told, so the chain stops; without
// a minted one, it goes on.
func TestTwoUsersOfOneStorage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, above := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(above, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	root := filepath.Join(dir, "storage")
	s := tokenstore.Open(root, scope)
	set(t, s, "web")
	apps := filepath.Join(root, "apps")
	if err := os.Chmod(root, 0o711); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod(apps, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(apps, 0o700) })
	}
	c := start(t, root, "stranger")
	fix := ": permission denied: make it readable, or give storage another path"
	path := appFolder(root, "web")
	for _, want := range []string{
		"true true read " + path + fix,
		"false true read " + path + fix,
		"true true open folder " + path + ": permission denied: make it writable for the user that runs this, or give storage another path (storage.path, or FLY_TOKEN_STORAGE)",
	} {
		if got := c.line(); got != want {
			t.Errorf("the other user read %q\nwant %q", got, want)
		}
	}
}

// The folder that processes talk through is closed to others as well, and links
// in it, or in its place, are not followed.
func TestFolderOfRunsIsGuarded(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	save(t, s, web)
	runs := filepath.Join(root, "runs")
	for path, open := range map[string]os.FileMode{runs: 0o755, filepath.Join(runs, "sequence"): 0o644} {
		if err := os.Chmod(path, open); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if folder, file := mode(t, runs), mode(t, filepath.Join(runs, "sequence")); folder != 0o700 || file != 0o600 {
		t.Errorf("modes %04o and %04o, want 0700 and 0600", folder, file)
	}
	if warnings := s.TakeWarnings(); len(warnings) != 2 || strings.Contains(warnings[0].Detail+warnings[1].Detail, "revoke") {
		t.Errorf("warnings %v, want two that speak of no tokens", warnings)
	}

	target := filepath.Join(t.TempDir(), "another's")
	write(t, target, "17\n")
	for _, name := range []string{"sequence", "sequence.lock", "lock-web"} {
		path := filepath.Join(runs, name)
		_ = os.Remove(path) // where it is there
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Sequence(t.Context()); err == nil || !strings.Contains(err.Error(), "a symbolic link, not a file: remove it") {
		t.Errorf("Sequence() error = %v", err)
	}
	var failed *tokenstore.WriteError
	if err := s.SaveMinted(t.Context(), web, minted(t), 0); !errors.As(err, &failed) {
		t.Errorf("SaveMinted() error = %v, want a WriteError", err)
	}
	if _, err := s.Lock(t.Context(), "web"); !errors.Is(err, token.ErrUnwritable) {
		t.Errorf("Lock() error = %v, want ErrUnwritable", err)
	}
	if got := read(t, target); got != "17\n" {
		t.Errorf("what the links lead to became %q", got)
	}
	if err := errors.Join(os.RemoveAll(runs), os.Symlink(filepath.Dir(target), runs)); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveMinted(t.Context(), web, minted(t), 0); err == nil || !strings.Contains(err.Error(), "a symbolic link, not a folder: remove it") {
		t.Errorf("SaveMinted() error = %v", err)
	}
}
