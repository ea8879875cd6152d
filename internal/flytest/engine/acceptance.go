package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
)

// envKind is the environment variable that selects the [Kind] of engine for
// acceptance tests. If it is unset, the engine is the one in
// TF_ACC_TERRAFORM_PATH, or the one that [Any] finds.
const envKind = "TF_ACC_ENGINE"

// Runner is the part of a testing.M that [Run] needs.
type Runner interface {
	// Run runs the tests and returns the process's exit status.
	Run() int
}

// Run is for the TestMain of a package with acceptance tests: it runs m's tests
// and returns the exit status. Tests do not see the developer's settings: an
// empty home folder, an empty CLI configuration, and none of the variables that
// Fly's tools, Terraform and OpenTofu read. If TF_ACC is set, it finds the
// engine and configures terraform-plugin-testing for it.
func Run(m Runner) int {
	code, err := run(context.Background(), m)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func run(ctx context.Context, m Runner) (code int, err error) {
	var vars []string
	if os.Getenv("TF_ACC") != "" {
		found, err := Chosen(ctx, os.Stderr)
		if err != nil {
			return 0, err
		}
		_, _ = fmt.Fprintf(os.Stderr, "acceptance tests on %s, %s\n", found, found.Path)
		// terraform-plugin-testing serves the providers of a test under these
		// addresses: the engine's own registry, and the namespace in the
		// examples' `source`.
		vars = []string{
			"TF_ACC_TERRAFORM_PATH=" + found.Path,
			"TF_ACC_PROVIDER_HOST=" + found.Host(),
			"TF_ACC_PROVIDER_NAMESPACE=flytokens",
		}
	}
	home, err := os.MkdirTemp("", "fly-acceptance-")
	if err != nil {
		return 0, fmt.Errorf("engine: make a home folder for the tests: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	if err := isolate(ctx, home); err != nil {
		return 0, err
	}
	if err := setenv(vars); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// Chosen returns the engine for acceptance tests that the environment selects:
// see [envKind]. It writes a line to log before a build.
func Chosen(ctx context.Context, log io.Writer) (Engine, error) {
	if kind := os.Getenv(envKind); kind != "" {
		return Find(ctx, Kind(kind), log)
	}
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return At(ctx, path)
	}
	return Any(ctx, log)
}

// isolate sets this process's environment to the result of [Environ], with an
// empty CLI configuration in home.
func isolate(ctx context.Context, home string) error {
	empty := filepath.Join(home, "empty.tfrc")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return fmt.Errorf("engine: write an empty CLI configuration: %w", err)
	}
	// A test may build a program, and Go keeps its caches in the home folder.
	caches, err := exec.CommandContext(ctx, "go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	if err != nil {
		return fmt.Errorf("engine: run go env: %w", err)
	}
	cache, err := toolbin.Cache()
	if err != nil {
		return err
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); isSetting(name) {
			if err := os.Unsetenv(name); err != nil {
				return fmt.Errorf("engine: unset %s: %w", name, err)
			}
		}
	}
	vars := append(scratch(home), "TF_CLI_CONFIG_FILE="+empty, toolbin.EnvCache+"="+cache)
	for i, value := range strings.Split(strings.TrimSpace(string(caches)), "\n") {
		vars = append(vars, []string{"GOCACHE", "GOMODCACHE", "GOPATH"}[i]+"="+strings.TrimSpace(value))
	}
	return setenv(vars)
}

func setenv(vars []string) error {
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("engine: set %s: %w", name, err)
		}
	}
	return nil
}

// Environ returns env for an engine that does not see the user's settings. The
// home folder is home. Variables that Fly's tools, Terraform and OpenTofu read
// are removed, except those for tests and logs. Terraform's check for new
// versions is off.
func Environ(env []string, home string) []string {
	kept := make([]string, 0, len(env))
	for _, v := range env {
		if name, _, _ := strings.Cut(v, "="); !isSetting(name) {
			kept = append(kept, v)
		}
	}
	return append(kept, scratch(home)...)
}

// scratch returns the variables that [Environ] sets.
func scratch(home string) []string {
	return []string{"HOME=" + home, "USERPROFILE=" + home, "APPDATA=" + filepath.Join(home, "AppData"), "CHECKPOINT_DISABLE=1"}
}

// isSetting reports whether the variable is one that [Environ] leaves out or
// sets itself.
func isSetting(name string) bool {
	switch name = strings.ToUpper(name); {
	case strings.HasPrefix(name, "TF_ACC"), name == "TF_LOG", strings.HasPrefix(name, "TF_LOG_"):
		return false
	case name == "HOME", name == "USERPROFILE", name == "APPDATA", name == "CHECKPOINT_DISABLE":
		return true
	default:
		return slices.ContainsFunc([]string{"FLY_", "TF_", "XDG_", "VAULT_", "AWS_"}, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
}
