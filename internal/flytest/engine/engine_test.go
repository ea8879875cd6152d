package engine

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeVersion is the environment variable that makes the test binary an engine
// that prints its value.
const fakeVersion = "ENGINE_TEST_VERSION"

func TestMain(m *testing.M) {
	if out, ok := os.LookupEnv(fakeVersion); ok {
		// Like OpenTofu.
		if err := os.Mkdir(filepath.Join(os.Getenv("HOME"), ".terraform.d"), 0o700); err != nil {
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString(out)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	type result struct {
		Kind    Kind
		Version string
		Fails   bool
	}
	tests := map[string]struct {
		out  string
		want result
	}{
		"terraform":          {"Terraform v1.11.4\non linux_amd64\n", result{Kind: Terraform, Version: "1.11.4"}},
		"opentofu":           {"OpenTofu v1.12.6\non linux_amd64\n", result{Kind: OpenTofu, Version: "1.12.6"}},
		"before release":     {"Terraform v1.16.0-rc2\n", result{Kind: Terraform, Version: "1.16.0-rc2"}},
		"with outdated note": {"Terraform v1.8.0\n\nYour version of Terraform is out of date!\n", result{Kind: Terraform, Version: "1.8.0"}},
		"another program":    {"GNU Make 4.3\n", result{Fails: true}},
		"nothing":            {"", result{Fails: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, version, err := parseVersion(test.out)
			if diff := cmp.Diff(test.want, result{kind, version, err != nil}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAt(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(fakeVersion, "OpenTofu v1.12.6\n")
	home := t.TempDir()
	t.Setenv("HOME", home)
	got, err := At(t.Context(), self)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Engine{Kind: OpenTofu, Path: self, Version: "1.12.6"}, got); diff != "" {
		t.Error(diff)
	}
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("left in the home folder: %v, %v", left, err)
	}
	if got.String() != "OpenTofu 1.12.6" || got.Host() != "registry.opentofu.org" {
		t.Errorf("got %s of %s", got, got.Host())
	}
	if _, err := At(t.Context(), filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a program that is not there is no engine")
	}
}

func TestFindOnPath(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if _, err := Find(t.Context(), Terraform, t.Output()); !errors.Is(err, errNotFound) {
		t.Errorf("without terraform on PATH: got %v", err)
	}
	if _, err := Find(t.Context(), "pulumi", t.Output()); err == nil || !strings.Contains(err.Error(), "opentofu") {
		t.Errorf("an unknown kind: got %v", err)
	}
	tofu := filepath.Join(dir, "tofu")
	if runtime.GOOS == "windows" {
		tofu += ".exe"
	}
	if err := os.Link(self, tofu); err != nil {
		t.Fatal(err)
	}
	t.Setenv(fakeVersion, "OpenTofu v1.12.6\n")
	want := Engine{Kind: OpenTofu, Path: tofu, Version: "1.12.6"}
	for _, find := range []func() (Engine, error){
		func() (Engine, error) { return Find(t.Context(), OpenTofu, t.Output()) },
		func() (Engine, error) { return Any(t.Context(), t.Output()) },
	} {
		got, err := find()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}
