package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// program is a program that was built for this run.
type program struct {
	name string
	path string
	// size is the size of its file, in bytes.
	size int64
}

// dir is its private folder.
func (p program) dir() string { return filepath.Dir(p.path) }

// programs are the compared programs, and the fake that both sides call.
type programs struct{ ours, cheapest, bare, external, fly program }

// build builds all programs as the provider is released.
func (b *bench) build(ctx context.Context) (programs, error) {
	version, err := b.version(ctx)
	if err != nil {
		return programs{}, err
	}
	var built programs
	for _, one := range []struct {
		to            *program
		name, dir, in string
		flags         string
	}{
		{&built.ours, "terraform-provider-fly", "ours", ".", "-s -w -X main.version=" + version},
		{&built.cheapest, "terraform-provider-cheapest", "cheapest", "internal/tools/bench/cheapest", "-s -w"},
		{&built.bare, "terraform-provider-bare", "bare", "internal/tools/bench/bare", "-s -w"},
		{&built.external, "terraform-provider-external", "external", "internal/tools/bench/external", "-s -w"},
		{&built.fly, "fly", "fly", "internal/tools/bench/fly", "-s -w"},
	} {
		b.say("build %s", one.in)
		path := b.path("bin", one.dir, one.name)
		if runtime.GOOS == "windows" {
			path += ".exe"
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", one.flags, "-o", path, ".")
		// Each is built in its own module, so that the provider has only its
		// own dependencies.
		cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(b.root, filepath.FromSlash(one.in)), b.log, b.log
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if err := cmd.Run(); err != nil {
			return programs{}, fmt.Errorf("build %s: %w", one.in, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return programs{}, fmt.Errorf("build %s: %w", one.in, err)
		}
		*one.to = program{one.name, path, info.Size()}
	}
	return built, nil
}

// version is the version of the provider, as in make build: "dev" outside of a
// repository.
func (b *bench) version(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "git", "describe", "--tags", "--always", "--dirty")
	cmd.Dir = b.root
	out, err := cmd.Output()
	if err != nil {
		return "dev", ctx.Err()
	}
	return strings.TrimSpace(string(out)), nil
}
