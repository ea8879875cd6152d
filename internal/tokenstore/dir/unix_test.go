//go:build unix

package dir_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// full is the error of a full disk.
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
	s := open(t)
	rec := s.set(t, "web")
	unrelated := filepath.Join(s.root, "unrelated")
	write(t, unrelated, "x")
	for path, mode := range map[string]os.FileMode{
		s.root: 0o775, filepath.Join(s.root, "apps"): 0o777, s.folder("web"): 0o750, s.manualPath(): 0o644, unrelated: 0o644,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	again := openAt(s.root)
	again.wantManual(t, "web", rec)
	all := details(again.TakeWarnings())
	for _, want := range []string{
		s.root + ", whose mode is 0775",
		"apps, whose mode was 0777; its mode is 0700 now",
		"app-web, whose mode was 0750; its mode is 0700",
		"manual.json, whose mode was 0644; its mode is 0600",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning says %q:\n%s", want, all)
		}
	}
	for path, want := range map[string]os.FileMode{
		// The configured folder belongs to the user, and may hold other files.
		s.root: 0o775, unrelated: 0o644,
		filepath.Join(s.root, "apps"): 0o700, s.folder("web"): 0o700, s.manualPath(): 0o600,
	} {
		if got := mode(t, path); got != want {
			t.Errorf("%s has mode %04o, want %04o", path, got, want)
		}
	}
	again.wantManual(t, "web", rec)
	if ws := again.TakeWarnings(); ws != nil {
		t.Errorf("warned again: %v", ws)
	}
}

func TestWiderFileIsReplacedByACloseOne(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.set(t, "web")
	if err := os.Chmod(s.manualPath(), 0o666); err != nil {
		t.Fatal(err)
	}
	s.set(t, "web")
	if got := mode(t, s.manualPath()); got != 0o600 {
		t.Errorf("mode %04o, want 0600", got)
	}
}

func TestModeOfAnotherUsersFolderCannotBeRepaired(t *testing.T) {
	t.Parallel()
	s := open(t)
	rec := s.set(t, "web")
	if err := os.Chmod(filepath.Join(s.root, "apps"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.failAt("set mode of", syscall.EPERM)
	s.wantManual(t, "web", rec)
	if ws := s.TakeWarnings(); len(ws) != 1 || !strings.Contains(ws[0].Detail, "its mode could not be changed") {
		t.Errorf("warnings: %v", ws)
	}
}

// The owner of a file can read and replace it.
func TestFilesOfAnotherUserAreAWarning(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	s := open(t)
	rec := s.set(t, "web")
	for _, path := range []string{s.root, s.folder("web"), s.manualPath()} {
		if err := os.Lchown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	again := openAt(s.root)
	again.wantManual(t, "web", rec)
	all := details(again.TakeWarnings())
	for _, path := range []string{s.root, s.folder("web"), s.manualPath()} {
		if !strings.Contains(all, path+" belongs to user 65534") {
			t.Errorf("no warning names %s:\n%s", path, all)
		}
	}
}

// Something else in the place of a file or a folder, such as a link to a valid
// document or a pipe, is not read, written or waited for.
func TestLinkOrPipeIsRefused(t *testing.T) {
	t.Parallel()
	link := func(path, target string) error { return os.Symlink(target, path) }
	dangling := func(path, _ string) error { return os.Symlink("nowhere", path) }
	pipe := func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }
	folder := func(path, _ string) error { return os.Mkdir(path, 0o700) }
	manual := storage.manualPath
	app := func(s storage) string { return s.folder("web") }
	apps := func(s storage) string { return filepath.Join(s.root, "apps") }
	for name, place := range map[string]struct {
		place func(storage) string
		put   func(path, moved string) error
		want  string
	}{
		"file, link":          {manual, link, "a symbolic link, not a file"},
		"file, dangling link": {manual, dangling, "a symbolic link, not a file"},
		"file, pipe":          {manual, pipe, "a special file, not a file"},
		"file, folder":        {manual, folder, "a folder, not a file"},
		"app folder, link":    {app, link, "a symbolic link, not a folder"},
		"apps, link":          {apps, link, "a symbolic link, not a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.set(t, "web")
			path := place.place(s)
			moved := filepath.Join(s.root, "moved")
			if err := errors.Join(os.Rename(path, moved), place.put(path, moved)); err != nil {
				t.Fatal(err)
			}
			_, err := s.Manual(t.Context(), "web")
			if !errors.Is(err, token.ErrStop) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), place.want+": remove it") {
				t.Errorf("Manual() error = %v, want one that stops, names %s, and says %q", err, path, place.want)
			}
			err = s.SetManual(t.Context(), "web", record(t))
			if err == nil || !strings.Contains(err.Error(), place.want) {
				t.Errorf("SetManual() error = %v, want %q", err, place.want)
			}
		})
	}
}

// A storage path that is a link is the user's choice.
func TestStoragePathMayBeALink(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Symlink(folder, filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	s := openAt(filepath.Join(folder, "link"))
	s.wantManual(t, "web", s.set(t, "web"))
}

// The folder that processes share is also closed to other users, and links in
// it, or in its place, are not followed.
func TestFolderOfRunsIsGuarded(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.save(t)
	for path, open := range map[string]os.FileMode{s.runs(""): 0o755, s.runs("clock"): 0o644} {
		if err := os.Chmod(path, open); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if folder, file := mode(t, s.runs("")), mode(t, s.runs("clock")); folder != 0o700 || file != 0o600 {
		t.Errorf("modes %04o and %04o, want 0700 and 0600", folder, file)
	}
	if ws := s.TakeWarnings(); len(ws) != 2 || strings.Contains(details(ws), "revoke") {
		t.Errorf("warnings %v, want two that speak of no tokens", ws)
	}
	target := filepath.Join(t.TempDir(), "another's")
	write(t, target, "17\n")
	for _, name := range []string{"clock", "clock.lock", "lock-web"} {
		_ = os.Remove(s.runs(name)) // where it exists
		if err := os.Symlink(target, s.runs(name)); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = s.Sequence(t.Context())
	if _, err := s.Claim(t.Context(), web); !errors.Is(err, token.ErrUnwritable) {
		t.Errorf("Claim() error = %v, want ErrUnwritable", err)
	}
	if got, err := os.ReadFile(target); err != nil || string(got) != "17\n" {
		t.Errorf("what the links lead to became %q, %v", got, err)
	}
	if err := errors.Join(os.RemoveAll(s.runs("")), os.Symlink(filepath.Dir(target), filepath.Clean(s.runs("")))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(t.Context(), web); err == nil || !strings.Contains(err.Error(), "a symbolic link, not a folder: remove it") {
		t.Errorf("Claim() error = %v", err)
	}
}

// stranger uses storage as a user without permission, and prints the result of
// each call.
func stranger(root string) error {
	if os.Geteuid() == 0 {
		const nobody = 65534
		if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	ctx := context.Background()
	s := openAt(root)
	_, err := s.Manual(ctx, "web")
	fmt.Println(errors.Is(err, token.ErrStop), errors.Is(err, fs.ErrPermission), err)
	_, err = s.Load(ctx, web)
	fmt.Println(errors.Is(err, token.ErrStop), errors.Is(err, fs.ErrPermission), err)
	err = s.SetManual(ctx, "web", token.Record{})
	fmt.Println(errors.Is(err, token.ErrUnwritable), errors.Is(err, fs.ErrPermission), err)
	return nil
}

// A manual record may exist, so the resolution stops. Without a minted record,
// it continues.
func TestTwoUsersOfOneStorage(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := openAt(filepath.Join(folder, "storage"))
	s.set(t, "web")
	for _, above := range []string{s.root, folder, filepath.Dir(folder)} {
		if err := os.Chmod(above, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	apps := filepath.Join(s.root, "apps")
	if os.Geteuid() != 0 {
		if err := os.Chmod(apps, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(apps, 0o700) })
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), strangerVariable+"="+s.root)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	fix := s.folder("web") + ": permission denied: make it readable for this user, or set storage.path or FLY_TOKEN_STORAGE to a different path"
	got := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i, want := range []string{"true true cannot read " + fix, "false true cannot read " + fix, "false true cannot read " + fix} {
		if i >= len(got) || got[i] != want {
			t.Errorf("the other user read %q\nwant %q", got, want)
		}
	}
}
