// Command demo builds the provider and applies an example with it, with an
// installed engine and in a temporary folder:
//
//	go run ./internal/tools/demo               examples/quickstart, with a generated token
//	go run ./internal/tools/demo -app my-app   examples/own-login, with the caller's flyctl login
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
)

// patience is how long an interrupted engine may take to end by itself.
const patience = 20 * time.Second

func main() {
	app := flag.String("app", "", "`name` of one of your apps, whose token is acquired with your flyctl login")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *app, os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, app string, stdout, stderr io.Writer) error {
	found, err := engine.Any(ctx, stderr)
	if err != nil {
		return err
	}
	root, err := toolbin.Root(ctx)
	if err != nil {
		return err
	}
	d := demo{engine: found, root: root, stdout: stdout, stderr: stderr}
	return d.run(ctx, filepath.Join(root, ".work"), app)
}

// demo is one run in one scratch folder.
type demo struct {
	engine         engine.Engine
	root, scratch  string
	env            []string
	stdout, stderr io.Writer
}

// run applies and plans an example in a new folder within work. It removes the
// folder, with the state and its token, before it returns.
func (d *demo) run(ctx context.Context, work, app string) (err error) {
	if err := os.MkdirAll(work, 0o755); err != nil {
		return fmt.Errorf("make the scratch folder: %w", err)
	}
	scratch, err := os.MkdirTemp(work, "demo-")
	if err != nil {
		return fmt.Errorf("make the scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()

	d.scratch = scratch
	cli, err := engine.Local(ctx, d.root, scratch, d.stderr, "flytokens/fly")
	if err != nil {
		return err
	}
	if err := d.configure(app, cli); err != nil {
		return err
	}
	return d.show(ctx)
}

func (d *demo) path(elem ...string) string {
	return filepath.Join(append([]string{d.scratch}, elem...)...)
}

// configure prepares the example and the engine's environment.
func (d *demo) configure(app, cli string) error {
	example := "quickstart"
	if app == "" {
		made, err := madeUpToken(time.Now())
		if err != nil {
			return err
		}
		d.env = append(engine.Environ(os.Environ(), d.path("home")), "TF_VAR_token="+made)
	} else {
		example = "own-login"
		d.env = append(ownEnviron(os.Environ(), d.path("home")), "TF_VAR_app="+app)
	}
	d.env = append(d.env, "TF_CLI_CONFIG_FILE="+cli, "FLY_TOKEN_STORAGE="+d.path("storage"), "CHECKPOINT_DISABLE=1")
	for _, dir := range []string{"home", "config"} {
		if err := os.Mkdir(d.path(dir), 0o700); err != nil {
			return fmt.Errorf("make the scratch folder: %w", err)
		}
	}
	main, err := os.ReadFile(filepath.Join(d.root, "examples", example, "main.tf"))
	if err != nil {
		return fmt.Errorf("read the example: %w", err)
	}
	if err := os.WriteFile(d.path("config", "main.tf"), main, 0o600); err != nil {
		return fmt.Errorf("copy the example: %w", err)
	}
	d.say("examples/%s on %s", example, d.engine)
	return nil
}

// ownEnviron returns env for an engine that uses the caller's login. The home
// folder is still a temporary one, because an engine writes to it. flyctl's
// folder and variables are the caller's.
func ownEnviron(env []string, home string) []string {
	own := engine.Environ(env, home)
	if dir, err := os.UserHomeDir(); err == nil {
		own = append(own, "FLY_CONFIG_DIR="+filepath.Join(dir, ".fly"))
	}
	for _, v := range env {
		if strings.HasPrefix(v, "FLY_") {
			own = append(own, v)
		}
	}
	return own
}

// command returns the engine's command in the example's folder. An interrupt
// reaches the engine as an interrupt, so that it ends as it would for a user.
func (d *demo) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, d.engine.Path, args...)
	cmd.Dir = d.path("config")
	cmd.Env = d.env
	cmd.Stderr = d.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	return cmd
}

func (d *demo) say(format string, args ...any) {
	_, _ = fmt.Fprintf(d.stdout, "\n=== "+format+"\n", args...)
}
