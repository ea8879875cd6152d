package flyconfig_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flyconfig"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestConfigSourceRefusesWhatIsNoFile(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"missing": {func(*testing.T, string) {}, "not found: {file}: run `fly auth login`"},
		"folder": {func(t *testing.T, path string) {
			t.Helper()
			must(t, os.Mkdir(path, 0o700))
		}, "{file} is a folder: set config_file to flyctl's config.yml"},
		"50 MB": {func(t *testing.T, path string) {
			t.Helper()
			must(t, os.WriteFile(path, []byte("access_token: x\n#"), 0o600))
			must(t, os.Truncate(path, 50_000_000))
		}, "{file} is 50000000 bytes large, more than the maximum of 1048576: check that it is flyctl's config.yml"},
		"dangling link": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.Symlink("nowhere", path); err != nil {
				t.Skip("this system refuses symbolic links here:", err)
			}
		}, "not found: {file}: run `fly auth login`"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "config.yml")
			tt.make(t, path)
			_, err := flyconfig.NewConfigSource(flyconfig.Settings{ConfigFile: path}).Acquire(t.Context(), token.Request{App: "web"})
			wantMiss(t, err, path, tt.want)
		})
	}
}

func TestConfigSourceUnreadable(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows reports a path beneath a file in different words")
	}
	// Even root cannot read a path beneath a regular file.
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	path := filepath.Join(file, "config.yml")
	_, err := flyconfig.NewConfigSource(flyconfig.Settings{ConfigFile: path}).Acquire(t.Context(), token.Request{App: "web"})
	wantMiss(t, err, path, "cannot read {file}: not a directory: check its permissions")
}

func TestConfigSourceForbidden(t *testing.T) {
	t.Parallel()
	s := writeConfig(t, "access_token: "+macaroon("a"))
	path := filepath.Join(s.Environment.ConfigDir, "config.yml")
	must(t, os.Chmod(path, 0))
	if f, err := os.Open(path); err == nil {
		_ = f.Close()
		t.Skip("this user may read every file")
	}
	_, err := flyconfig.NewConfigSource(s).Acquire(t.Context(), token.Request{App: "web"})
	wantMiss(t, err, path, "cannot read {file}: permission denied: check its permissions")
}

func TestConfigSourceWarnsOfOpenFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps no mode bits")
	}
	for mode, want := range map[os.FileMode][]string{
		0o600: nil,
		0o400: nil,
		0o640: {"Fly Login Is Open to Other Users"},
		0o644: {"Fly Login Is Open to Other Users"},
	} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			s := writeConfig(t, "access_token: "+macaroon("a"))
			must(t, os.Chmod(filepath.Join(s.Environment.ConfigDir, "config.yml"), mode))
			got, err := flyconfig.NewConfigSource(s).Acquire(t.Context(), token.Request{App: "web"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, summaries(got.Warnings)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigSourceWaitsForWriter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		want := macaroon("new")
		s := writeConfig(t, "access_token: "+macaroon("old"))
		path := filepath.Join(s.Environment.ConfigDir, "config.yml")
		lock := flock.New(filepath.Join(s.Environment.ConfigDir, "flyctl.config.lock"))
		must(t, lock.Lock())

		// Without the lock the test would read the old token, which is still in the
		// file.
		written := make(chan error, 1)
		go func() {
			time.Sleep(100 * time.Millisecond)
			err := os.WriteFile(path, []byte("access_token: "+want), 0o600)
			if unlockErr := lock.Unlock(); err == nil {
				err = unlockErr
			}
			written <- err
		}()
		got, err := flyconfig.NewConfigSource(s).Acquire(t.Context(), token.Request{App: "web"})
		must(t, <-written)
		if err != nil {
			t.Fatal(err)
		}
		if got.Token.Reveal() != want {
			t.Error("the token is not the one that was written")
		}
	})
}

func TestConfigSourceDoesWithoutLock(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, path string){
		"held for good": func(t *testing.T, path string) {
			t.Helper()
			lock := flock.New(path)
			must(t, lock.Lock())
			t.Cleanup(func() { _ = lock.Unlock() })
		},
		"a folder": func(t *testing.T, path string) {
			t.Helper()
			must(t, os.Mkdir(path, 0o700))
		},
		"absent": func(*testing.T, string) {},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := writeConfig(t, "access_token: "+macaroon("a"))
				path := filepath.Join(s.Environment.ConfigDir, "flyctl.config.lock")
				prepare(t, path)
				before, beforeErr := os.Stat(path)
				if _, err := flyconfig.NewConfigSource(s).Acquire(t.Context(), token.Request{App: "web"}); err != nil {
					t.Fatal(err)
				}
				after, afterErr := os.Stat(path)
				if (beforeErr == nil) != (afterErr == nil) || beforeErr == nil && !os.SameFile(before, after) {
					t.Error("the lock file was made, removed or replaced")
				}
			})
		})
	}
}

func TestConfigSourceRereadsTornFile(t *testing.T) {
	t.Parallel()
	want := macaroon("a")
	whole := "access_token: \"" + want + "\"\n"
	for name, torn := range map[string]string{
		"truncated":       "",
		"within the key":  whole[:5],
		"within a quote":  whole[:len(whole)-9],
		"within a scalar": "access_token: " + want[:len(want)-3],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := writeConfig(t, torn)
				path := filepath.Join(s.Environment.ConfigDir, "config.yml")
				written := make(chan error, 1)
				go func() {
					time.Sleep(20 * time.Millisecond)
					written <- os.WriteFile(path, []byte(whole), 0o600)
				}()
				got, err := flyconfig.NewConfigSource(s).Acquire(t.Context(), token.Request{App: "web"})
				must(t, <-written)
				if err != nil {
					t.Fatal(err)
				}
				if got.Token.Reveal() != want {
					t.Error("the token is not the one that was written")
				}
			})
		})
	}
}

func TestLoginPrecedence(t *testing.T) {
	t.Parallel()
	inFile := writeConfig(t, "access_token: "+macaroon("file")+",fo1_user\n")
	path := filepath.Join(inFile.Environment.ConfigDir, "config.yml")
	with := func(change func(*flyconfig.Settings)) flyconfig.Settings {
		s := inFile
		change(&s)
		return s
	}
	tests := map[string]struct {
		settings flyconfig.Settings
		want     string
		from     string
		explicit bool
	}{
		"config.yml, whole": {inFile, macaroon("file") + ",fo1_user", path, false},
		"provider block": {with(func(s *flyconfig.Settings) {
			s.AccessToken, s.Environment.AccessToken = "fo1_block", "fo1_env"
		}), "fo1_block", "access_token", true},
		"FLY_ACCESS_TOKEN": {with(func(s *flyconfig.Settings) {
			s.Environment.AccessToken, s.Environment.APIToken = "fo1_env", "fo1_api"
		}), "fo1_env", "FLY_ACCESS_TOKEN", true},
		"FLY_API_TOKEN": {with(func(s *flyconfig.Settings) { s.Environment.APIToken = "fo1_api" }), "fo1_api", "FLY_API_TOKEN", true},
		"empty is unset": {with(func(s *flyconfig.Settings) {
			s.AccessToken, s.Environment.AccessToken = "", " \n"
		}), macaroon("file") + ",fo1_user", path, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.settings.Login(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.Token.Reveal() != tt.want || got.From != tt.from || got.Explicit != tt.explicit {
				t.Errorf("login from %q (explicit: %v), want %q (%v) and its token", got.From, got.Explicit, tt.from, tt.explicit)
			}
		})
	}
}

func TestLoginDoesNotPassOverMalformed(t *testing.T) {
	t.Parallel()
	s := writeConfig(t, "access_token: "+macaroon("file"))
	s.Environment.APIToken = secret
	_, err := s.Login(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "FLY_API_TOKEN is not a Fly token: ") || strings.Contains(err.Error(), secret) {
		t.Errorf("error is %v, want one that names FLY_API_TOKEN and not its value", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
