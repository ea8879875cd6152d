package flyctl_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flyctl"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	const (
		empty = iota
		hasFly
		hasFlyctl
		relative
	)
	tests := map[string]struct {
		path   string
		search []int
		want   int
	}{
		"fly before flyctl, whatever the order": {"", []int{empty, hasFlyctl, hasFly}, hasFly},
		"fly by name":                           {"fly", []int{hasFly}, hasFly},
		"flyctl where there is no fly":          {"fly", []int{relative, empty, hasFlyctl}, hasFlyctl},
		"flyctl by name":                        {"flyctl", []int{hasFly, hasFlyctl}, hasFlyctl},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fakes := map[int]*fakefly.Fake{
				hasFly:    fakefly.Install(t, fakefly.Behaviour{}),
				hasFlyctl: fakefly.InstallAs(t, "flyctl", fakefly.Behaviour{}),
			}
			folders := []string{empty: t.TempDir(), hasFly: fakes[hasFly].Dir(), hasFlyctl: fakes[hasFlyctl].Dir(), relative: "."}
			var search []string
			for _, i := range tt.search {
				search = append(search, folders[i])
			}
			src, _ := newSource(t, fakes[hasFly], func(o *flyctl.Options) {
				o.Path, o.SearchPath = tt.path, strings.Join(search, string(filepath.ListSeparator))
			})
			if _, err := src.Acquire(t.Context(), request()); err != nil {
				t.Fatal(err)
			}
			for which, fake := range fakes {
				want := 0
				if which == tt.want {
					want = 1
				}
				if got := len(fake.Calls()); got != want {
					t.Errorf("%d calls of %s, want %d", got, fake.Path(), want)
				}
			}
		})
	}
}

func TestLookupMisses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "plain", "fly"), "#!/bin/sh\n", 0o600)
	must(t, os.Mkdir(filepath.Join(dir, "flyctl"), 0o700))
	plain := filepath.Join(dir, "plain", "fly")
	const install = "install flyctl, or set cli.path"
	tests := map[string]struct {
		path   string
		search string
		want   string
		unix   bool
	}{
		"no PATH":             {"", "", "no `fly` or `flyctl` on PATH: " + install, false},
		"none on PATH":        {"fly", dir, "no `fly` or `flyctl` on PATH: " + install, false},
		"none of that name":   {"flyctl-nightly", dir, "no `flyctl-nightly` on PATH: " + install, false},
		"relative PATH":       {"", "." + string(filepath.ListSeparator), "no `fly` or `flyctl` on PATH: " + install, false},
		"missing":             {filepath.Join(dir, "none"), "", "not found: " + filepath.Join(dir, "none") + ": " + install, false},
		"folder":              {filepath.Join(dir, "flyctl"), "", filepath.Join(dir, "flyctl") + " is a folder: set cli.path to flyctl itself", true},
		"not executable":      {plain, "", plain + " is not executable: run `chmod +x` on it, or set cli.path", true},
		"PATH not executable": {"", filepath.Dir(plain), plain + " is not executable: run `chmod +x` on it, or set cli.path", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.unix && runtime.GOOS == "windows" {
				t.Skip("Windows recognizes programs by their extension")
			}
			fly := fakefly.Install(t, fakefly.Behaviour{})
			src, temp := newSource(t, fly, func(o *flyctl.Options) { o.Path, o.SearchPath = tt.path, tt.search })
			_, err := src.Acquire(t.Context(), request())
			wantMiss(t, err, tt.want)
			wantNothingLeft(t, fly, temp)
		})
	}
}

// The provider runs in the fake's folder here: between two drives of Windows there
// is no relative path.
func TestLookupIsRelativeToTheProvider(t *testing.T) {
	fly := fakefly.Install(t, fakefly.Behaviour{})
	t.Chdir(filepath.Dir(fly.Path()))
	src, _ := newSource(t, fly, pathIs("."+string(filepath.Separator)+filepath.Base(fly.Path())))
	if _, err := src.Acquire(t.Context(), request()); err != nil {
		t.Fatal(err)
	}
}

func TestAcquireCannotStart(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows recognizes programs by their extension")
	}
	const fix = ": check that cli.path is flyctl, built for this system"
	for name, want := range map[string]string{
		"no-program":         "{program} is not a program for this system" + fix,
		"empty":              "{program} is not a program for this system" + fix,
		"no-interpreter":     "{program}, or a file that it needs to run, was not found" + fix,
		"folder-interpreter": "{program} is not executable" + fix,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program, err := filepath.Abs(filepath.Join("testdata", "programs", name))
			must(t, err)
			fly := fakefly.Install(t, fakefly.Behaviour{})
			src, temp := newSource(t, fly, pathIs(program))
			_, err = src.Acquire(t.Context(), request())
			wantMiss(t, err, strings.ReplaceAll(want, "{program}", program))
			wantNothingLeft(t, fly, temp)
		})
	}
}

func TestAcquireCannotMakeItsFolder(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "", 0o600)
	src, _ := newSource(t, fly, func(o *flyctl.Options) { o.TempDir = filepath.Join(file, "beneath") })
	_, err := src.Acquire(t.Context(), request())
	if err == nil || !strings.HasPrefix(err.Error(), "cannot make a folder to run flyctl in: ") {
		t.Errorf("error is %v, want one about the folder", err)
	}
	if got := len(fly.Calls()); got != 0 {
		t.Errorf("%d calls, want none", got)
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(text), mode))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
