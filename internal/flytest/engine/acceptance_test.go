package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnviron(t *testing.T) {
	t.Parallel()
	got := Environ([]string{
		"PATH=/bin", "HOME=/home/me", "FLY_API_TOKEN=secret", "FLY_CONFIG_DIR=", "TF_VAR_token=secret",
		"TF_CLI_ARGS=-lock=false", "XDG_CONFIG_HOME=/home/me/.config", "TF_LOG=TRACE", "TF_ACC=1",
		"HTTPS_PROXY=http://localhost:1", "=C:=C:\\",
	}, "/scratch")
	want := []string{
		"PATH=/bin", "TF_LOG=TRACE", "TF_ACC=1", "HTTPS_PROXY=http://localhost:1", "=C:=C:\\",
		"HOME=/scratch", "USERPROFILE=/scratch", "APPDATA=" + filepath.Join("/scratch", "AppData"), "CHECKPOINT_DISABLE=1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// runner replaces a testing.M.
type runner func() int

func (r runner) Run() int { return r() }

// keep restores the variables that Run changes when the test is over.
func keep(t *testing.T) {
	t.Helper()
	before := os.Environ()
	t.Cleanup(func() {
		os.Clearenv()
		if err := setenv(slices.DeleteFunc(before, func(v string) bool { return strings.HasPrefix(v, "=") })); err != nil {
			t.Error(err)
		}
	})
}

func TestRunIsolates(t *testing.T) {
	keep(t)
	t.Setenv("TF_ACC", "")
	t.Setenv("FLY_API_TOKEN", "not for tests")
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	var home string
	code := Run(runner(func() int {
		home = os.Getenv("HOME")
		if v, ok := os.LookupEnv("FLY_API_TOKEN"); ok {
			t.Errorf("FLY_API_TOKEN is still %q", v)
		}
		if b, err := os.ReadFile(os.Getenv("TF_CLI_CONFIG_FILE")); err != nil || len(b) > 0 {
			t.Errorf("the CLI configuration holds %q, %v", b, err)
		}
		if got, want := os.Getenv("GOCACHE"), strings.TrimSpace(string(cache)); got != want {
			t.Errorf("Go's cache moved from %s to %s", want, got)
		}
		return 7
	}))
	if code != 7 {
		t.Errorf("exit status %d, want that of the tests", code)
	}
	if _, err := os.Stat(home); home == "" || !os.IsNotExist(err) {
		t.Errorf("the home folder %q is left behind: %v", home, err)
	}
}

func TestRunChoosesTheEngine(t *testing.T) {
	keep(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TF_ACC", "1")
	t.Setenv(envKind, "")
	t.Setenv("TF_ACC_TERRAFORM_PATH", self)
	t.Setenv(fakeVersion, "OpenTofu v1.12.6\n")
	var got []string
	if code := Run(runner(func() int {
		got = []string{os.Getenv("TF_ACC_TERRAFORM_PATH"), os.Getenv("TF_ACC_PROVIDER_HOST"), os.Getenv("TF_ACC_PROVIDER_NAMESPACE")}
		return 0
	})); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if diff := cmp.Diff([]string{self, "registry.opentofu.org", "flytokens"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRunFailsWithoutTheEngineAskedFor(t *testing.T) {
	keep(t)
	t.Setenv("TF_ACC", "1")
	t.Setenv(envKind, "pulumi")
	if code := Run(runner(func() int { t.Error("the tests ran without an engine"); return 0 })); code != 1 {
		t.Errorf("exit status %d, want 1", code)
	}
}
