// Package engine finds the programs that run a provider, Terraform and
// OpenTofu, for acceptance tests, for the generated documentation and for the
// demo.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
)

// Kind identifies an engine.
type Kind string

const (
	// Terraform is HashiCorp's engine, `terraform`.
	Terraform Kind = "terraform"
	// OpenTofu is the OpenTofu project's engine, `tofu`.
	OpenTofu Kind = "opentofu"
)

// errNotFound is wrapped by the error of [Find] if Terraform is requested and
// is not on PATH.
var errNotFound = errors.New("not on PATH")

// Engine is an engine on this machine.
type Engine struct {
	// Kind is the kind of engine.
	Kind Kind
	// Path is the absolute path of its program.
	Path string
	// Version is its own version, without a "v". OpenTofu reports a different
	// one to providers, a version of Terraform.
	Version string
}

// String returns the engine's name and version, for people.
func (e Engine) String() string {
	if e.Kind == OpenTofu {
		return "OpenTofu " + e.Version
	}
	return "Terraform " + e.Version
}

// Host returns the engine's registry for a provider whose source names none.
func (e Engine) Host() string {
	if e.Kind == OpenTofu {
		return "registry.opentofu.org"
	}
	return "registry.terraform.io"
}

// Find returns the engine of the given kind on PATH. If PATH has no OpenTofu,
// Find builds the version that internal/tools pins and writes a line to log. If
// PATH has no Terraform, the error wraps [errNotFound].
func Find(ctx context.Context, kind Kind, log io.Writer) (Engine, error) {
	switch kind {
	case Terraform:
		path, err := exec.LookPath("terraform")
		if err != nil {
			return Engine{}, fmt.Errorf("engine: find terraform: %w", errNotFound)
		}
		return At(ctx, path)
	case OpenTofu:
		path, err := exec.LookPath("tofu")
		if err != nil {
			path, err = toolbin.Path(ctx, toolbin.OpenTofu(), log)
		}
		if err != nil {
			return Engine{}, err
		}
		return At(ctx, path)
	default:
		return Engine{}, fmt.Errorf("engine: unknown engine %q: use %s or %s", kind, Terraform, OpenTofu)
	}
}

// Any returns Terraform if it is on PATH, and otherwise OpenTofu from [Find].
func Any(ctx context.Context, log io.Writer) (Engine, error) {
	found, err := Find(ctx, Terraform, log)
	if errors.Is(err, errNotFound) {
		return Find(ctx, OpenTofu, log)
	}
	return found, err
}

// At returns the engine whose program is the file at path. It returns an error
// if the version line is that of neither engine.
func At(ctx context.Context, path string) (Engine, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Engine{}, fmt.Errorf("engine: %w", err)
	}
	out, err := versionOf(ctx, path)
	if err != nil {
		return Engine{}, fmt.Errorf("engine: run %s version: %w", path, err)
	}
	kind, version, err := parseVersion(out)
	if err != nil {
		return Engine{}, fmt.Errorf("engine: %s version: %w", path, err)
	}
	return Engine{Kind: kind, Path: path, Version: version}, nil
}

// versionOf returns the program's version output. Even this command writes to
// the home folder, so it gets a temporary one.
func versionOf(ctx context.Context, path string) (out string, err error) {
	home, err := os.MkdirTemp("", "fly-engine-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = Environ(os.Environ(), home)
	b, err := cmd.Output()
	return string(b), err
}

// versionLine is the first line of `terraform version` and `tofu version`.
// Their output with -json does not differ.
var versionLine = regexp.MustCompile(`(?m)^(Terraform|OpenTofu) v([0-9]+\.[0-9]+\.[0-9]+\S*)`)

func parseVersion(out string) (Kind, string, error) {
	match := versionLine.FindStringSubmatch(out)
	if match == nil {
		return "", "", fmt.Errorf("neither Terraform's nor OpenTofu's: %.80q", out)
	}
	if match[1] == "OpenTofu" {
		return OpenTofu, match[2], nil
	}
	return Terraform, match[2], nil
}
