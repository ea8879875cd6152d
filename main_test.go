package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// release is the part of .goreleaser.yml that the tests check.
type release struct {
	Builds []struct {
		Env, Flags, LDFlags, GOOS, GOARCH []string
	}
	Checksum struct {
		ExtraFiles []struct{ Glob string } `yaml:"extra_files"`
	}
	Release struct {
		ExtraFiles []struct{ Glob string } `yaml:"extra_files"`
	}
}

func readRelease(t *testing.T) release {
	t.Helper()
	raw, err := os.ReadFile(".goreleaser.yml")
	if err != nil {
		t.Fatal(err)
	}
	var r release
	if err := yaml.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Builds) != 1 {
		t.Fatalf(".goreleaser.yml has %d builds, want 1", len(r.Builds))
	}
	return r
}

// A linker flag with an unknown variable is silently ignored, so a build with
// the release's flags must report its version.
func TestReleaseFlagsInjectTheVersion(t *testing.T) {
	t.Parallel()
	build := readRelease(t).Builds[0]
	ldflags := strings.ReplaceAll(strings.Join(build.LDFlags, " "), "{{ .Version }}", "1.2.3")
	bin := filepath.Join(t.TempDir(), "provider.exe")
	args := slices.Concat([]string{"build"}, build.Flags, []string{"-buildvcs=false", "-ldflags", ldflags, "-o", bin, "."})
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = append(os.Environ(), build.Env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %q: %v\n%s", args, err, out)
	}
	out, err := exec.CommandContext(t.Context(), bin, "-version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(out), "terraform-provider-fly 1.2.3 (go1.") {
		t.Errorf("-version prints %q", out)
	}
}

func TestReleaseHoldsWhatTheRegistryWants(t *testing.T) {
	t.Parallel()
	const manifest = "terraform-registry-manifest.json"
	r := readRelease(t)
	for _, system := range []string{"linux", "darwin", "windows", "freebsd"} {
		if !slices.Contains(r.Builds[0].GOOS, system) {
			t.Errorf("no build for %s", system)
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		if !slices.Contains(r.Builds[0].GOARCH, arch) {
			t.Errorf("no build for %s", arch)
		}
	}
	for name, files := range map[string][]struct{ Glob string }{"checksum": r.Checksum.ExtraFiles, "release": r.Release.ExtraFiles} {
		if len(files) != 1 || files[0].Glob != manifest {
			t.Errorf("%s takes %v along, want %s", name, files, manifest)
		}
	}
	raw, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Version  int
		Metadata struct {
			ProtocolVersions []string `json:"protocol_versions"`
		}
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	if m.Version != 1 || !slices.Equal(m.Metadata.ProtocolVersions, []string{"6.0"}) {
		t.Errorf("the manifest says %+v", m)
	}
}
