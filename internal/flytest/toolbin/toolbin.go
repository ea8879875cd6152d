// Package toolbin builds the tools that the project's modules under
// internal/tools pin, and keeps them in the user's cache folder. So a new
// machine with only Go gets the same version of each as every other machine.
package toolbin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gofrs/flock"
)

// projectModule is the path of the project's own module.
const projectModule = "github.com/flytokens/terraform-provider-fly"

// cacheName is the project's folder in the user's cache folder.
const cacheName = "terraform-provider-fly"

// Tool is a program that one of the modules under internal/tools pins.
type Tool struct {
	// name is the program's file name, without the .exe of Windows.
	name string
	// dir is the folder of the module that pins it, relative to internal/tools.
	dir string
	// pkg is the import path of the program.
	pkg string
	// module is the path of the module whose version is the program's.
	module string
	// ldFlags are passed to the linker.
	ldFlags string
	// cgo means that building the program needs a C compiler.
	cgo bool
}

// OpenTofu is the engine for acceptance tests and the demo if PATH has none. It
// is built as a release, which changes only its version line.
func OpenTofu() Tool {
	return Tool{
		name:    "tofu",
		dir:     "opentofu",
		pkg:     "github.com/opentofu/opentofu/cmd/tofu",
		module:  "github.com/opentofu/opentofu",
		ldFlags: "-s -w -X github.com/opentofu/opentofu/version.dev=no",
	}
}

// Vault is the server that the tests of storage on Vault run against.
func Vault() Tool {
	return Tool{name: "vaultserver", dir: "vaultserver", pkg: ".", module: "github.com/hashicorp/vault", ldFlags: "-s -w"}
}

// S3 is the server that the tests of storage on S3 run against.
func S3() Tool {
	return Tool{
		name: "versitygw", dir: "s3server", ldFlags: "-s -w",
		pkg:    "github.com/versity/versitygw/cmd/versitygw",
		module: "github.com/versity/versitygw",
	}
}

// Named returns the tool with the given file name. For an unknown name, the
// error lists the known ones.
func Named(name string) (Tool, error) {
	tools := []Tool{
		OpenTofu(),
		Vault(),
		S3(),
		{
			name: "golangci-lint", dir: "lint", ldFlags: "-s -w",
			pkg:    "github.com/golangci/golangci-lint/v2/cmd/golangci-lint",
			module: "github.com/golangci/golangci-lint/v2",
		},
		{name: "gofumpt", dir: "lint", ldFlags: "-s -w", pkg: "mvdan.cc/gofumpt", module: "mvdan.cc/gofumpt"},
		{
			name: "tfplugindocs", dir: "docs", ldFlags: "-s -w",
			pkg:    "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs",
			module: "github.com/hashicorp/terraform-plugin-docs",
		},
		{name: "exported", dir: "exported", ldFlags: "-s -w", pkg: ".", module: "golang.org/x/tools"},
		{
			name: "vale", dir: "prose", ldFlags: "-s -w", cgo: true,
			pkg:    "github.com/vale-cli/vale/v3/cmd/vale",
			module: "github.com/vale-cli/vale/v3",
		},
		{
			name: "goreleaser", dir: "release", ldFlags: "-s -w",
			pkg:    "github.com/goreleaser/goreleaser/v2",
			module: "github.com/goreleaser/goreleaser/v2",
		},
		{
			name: "cyclonedx-gomod", dir: "release", ldFlags: "-s -w",
			pkg:    "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod",
			module: "github.com/CycloneDX/cyclonedx-gomod",
		},
		{
			name: "actionlint", dir: "workflows", ldFlags: "-s -w",
			pkg:    "github.com/rhysd/actionlint/cmd/actionlint",
			module: "github.com/rhysd/actionlint",
		},
		{
			name: "govulncheck", dir: "workflows", ldFlags: "-s -w",
			pkg:    "golang.org/x/vuln/cmd/govulncheck",
			module: "golang.org/x/vuln",
		},
	}
	names := make([]string, len(tools))
	for i, tool := range tools {
		if tool.name == name {
			return tool, nil
		}
		names[i] = tool.name
	}
	return Tool{}, fmt.Errorf("toolbin: unknown tool %q: use one of %s", name, strings.Join(names, ", "))
}

// Path returns the absolute path of the tool's program. If the user's cache
// folder does not hold it, Path builds it and writes a line to log. The working
// directory must be inside the project. Several processes may call Path at
// once: one builds, and the others wait for it.
func Path(ctx context.Context, tool Tool, log io.Writer) (string, error) {
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	cache, err := Cache()
	if err != nil {
		return "", err
	}
	return path(ctx, tool, filepath.Join(root, "internal", "tools"), filepath.Join(cache, cacheName, "tools"), log)
}

// EnvCache is the environment variable that replaces the user's cache folder. It
// is for tests that replace the home folder.
const EnvCache = "TF_ACC_CACHE"

// Cache returns the folder that holds the folder of the programs.
func Cache() (string, error) {
	if cache := os.Getenv(EnvCache); cache != "" {
		return cache, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("toolbin: find the user's cache folder: %w", err)
	}
	return cache, nil
}

// Root returns the absolute path of the project's folder. The working directory
// must be in its module, or in one that replaces that module by its folder.
func Root(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", projectModule)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("toolbin: find the folder of %s from the working directory: %w", projectModule, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// path is [Path] with the folders of the modules and the programs as
// parameters.
func path(ctx context.Context, tool Tool, modules, cache string, log io.Writer) (string, error) {
	module := filepath.Join(modules, tool.dir)
	version, err := pinned(ctx, module, tool.module)
	if err != nil {
		return "", err
	}
	id, err := key(tool, module)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, tool.name+"-"+version+"-"+id)
	bin := filepath.Join(dir, tool.name+exeSuffix())
	if isFile(bin) {
		return bin, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("toolbin: make the folder for %s: %w", tool.name, err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("toolbin: wait for another build of %s: %w", tool.name, err)
	}
	defer func() { _ = lock.Unlock() }()
	if isFile(bin) {
		return bin, nil
	}
	_, _ = fmt.Fprintf(log, "building %s %s, once, into %s\n", tool.name, version, dir)
	if err := build(ctx, tool, module, bin, log); err != nil {
		return "", err
	}
	return bin, nil
}

// pinned returns the version that the go.mod in dir requires of module.
func pinned(ctx context.Context, dir, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "edit", "-json")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("toolbin: read go.mod in %s: %w", dir, err)
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		return "", fmt.Errorf("toolbin: read go.mod in %s: %w", dir, err)
	}
	for _, r := range mod.Require {
		if r.Path == module {
			return r.Version, nil
		}
	}
	return "", fmt.Errorf("toolbin: go.mod in %s does not require %s", dir, module)
}

// key identifies a build of one version by its dependencies, the module's own
// source, the target system and the compiler. The compiler counts because a
// linter must not be older than the Go that it reads.
func key(tool Tool, dir string) (string, error) {
	h := sha256.New()
	_, _ = fmt.Fprintln(h, tool.pkg, tool.ldFlags, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	sources, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", fmt.Errorf("toolbin: %w", err)
	}
	for _, name := range append([]string{filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")}, sources...) {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("toolbin: %w", err)
		}
		_, _ = h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:6]), nil
}

// build compiles tool to a temporary file and renames it to bin, so that bin is
// always complete.
func build(ctx context.Context, tool Tool, module, bin string, log io.Writer) (err error) {
	tmp := bin + ".part"
	defer func() { err = errors.Join(err, removeIfThere(tmp)) }()
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", tool.ldFlags, "-o", tmp, tool.pkg)
	cmd.Dir = module
	cgo := "CGO_ENABLED=0"
	if tool.cgo {
		cgo = "CGO_ENABLED=1"
	}
	cmd.Env = append(os.Environ(), cgo, "GOWORK=off", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("toolbin: build %s: %w", tool.name, err)
	}
	if err := os.Rename(tmp, bin); err != nil {
		return fmt.Errorf("toolbin: keep %s: %w", tool.name, err)
	}
	return nil
}

func removeIfThere(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
