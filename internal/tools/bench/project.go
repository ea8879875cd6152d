package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// patience is how long an interrupted engine may take to end by itself.
const patience = 20 * time.Second

// project is a configuration without a state, so that each plan reads
// everything.
type project struct {
	tofu string
	dir  string
	env  []string
}

// project writes a configuration that takes the provider of that source from
// the folder bin. It has an empty home folder.
func (b *bench) project(name, source, bin, config string) (project, error) {
	p := project{tofu: b.engine.Path, dir: b.path("projects", name, "config")}
	home, cli := b.path("projects", name, "home"), b.path("projects", name, "cli.tfrc")
	for _, dir := range []string{p.dir, home} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return p, fmt.Errorf("write the configuration %s: %w", name, err)
		}
	}
	short := filepath.Base(source)
	for file, text := range map[string]string{
		cli:                             fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", source, filepath.ToSlash(bin)),
		filepath.Join(p.dir, "main.tf"): fmt.Sprintf("terraform {\n  required_providers {\n    %s = { source = %q }\n  }\n}\n", short, source) + config,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return p, fmt.Errorf("write the configuration %s: %w", name, err)
		}
	}
	p.env = append(clean(os.Environ(), home), "TF_CLI_CONFIG_FILE="+cli, "TF_IN_AUTOMATION=1")
	return p, nil
}

// clean returns env without the variables that affect an engine, a provider or
// a fake.
func clean(env []string, home string) []string {
	var kept []string
	for _, v := range engine.Environ(env, home) {
		if !strings.HasPrefix(v, "OTEL_") && !strings.HasPrefix(v, "TF_LOG") {
			kept = append(kept, v)
		}
	}
	return kept
}

// sample is the duration of one run.
type sample struct {
	wall time.Duration
	// cpu is the processor time of the process and of its children.
	cpu time.Duration
}

// plan plans once, with env added to the project's environment.
func (p project) plan(ctx context.Context, env ...string) (sample, error) {
	cmd := exec.CommandContext(ctx, p.tofu, "plan", "-input=false", "-lock=false", "-no-color")
	cmd.Dir, cmd.Env = p.dir, append(p.env[:len(p.env):len(p.env)], env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		return sample{}, fmt.Errorf("plan: %w: %.4000s", err, stderr.Bytes())
	}
	return sample{wall: took, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}
