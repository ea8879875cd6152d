// Command docsgen writes docs/ from the provider's schema, templates/ and
// examples/. With -check it writes nothing, and fails if docs/ differs.
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

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/toolbin"
)

// source is the address under which tfplugindocs looks for a provider in a
// schema file.
const source = "registry.terraform.io/hashicorp/fly"

func main() {
	check := flag.Bool("check", false, "fail if docs/ is out of date")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *check, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "docsgen:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, check bool, log io.Writer) (err error) {
	root, err := toolbin.Root(ctx)
	if err != nil {
		return err
	}
	work := filepath.Join(root, ".work")
	if err := os.MkdirAll(work, 0o755); err != nil {
		return fmt.Errorf("make the scratch folder: %w", err)
	}
	scratch, err := os.MkdirTemp(work, "docs-")
	if err != nil {
		return fmt.Errorf("make the scratch folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	schema, err := writeSchema(ctx, root, scratch, log)
	if err != nil {
		return err
	}
	if !check {
		return render(ctx, root, schema, "docs", log)
	}
	fresh, err := filepath.Rel(root, filepath.Join(scratch, "docs"))
	if err != nil {
		return fmt.Errorf("make the scratch folder: %w", err)
	}
	if err := render(ctx, root, schema, fresh, log); err != nil {
		return err
	}
	diff := exec.CommandContext(ctx, "git", "diff", "--no-index", "--exit-code", "--", "docs", fresh)
	diff.Dir = root
	diff.Stdout, diff.Stderr = log, log
	if err := diff.Run(); err != nil {
		return errors.New("docs/ does not match the schema, templates/ and examples/: run make generate")
	}
	return nil
}

// writeSchema builds the provider, asks OpenTofu for its schema, and returns
// the path of the file with it. It always uses the pinned OpenTofu, because the
// output of other versions differs in details.
func writeSchema(ctx context.Context, root, scratch string, log io.Writer) (string, error) {
	tofu, err := toolbin.Path(ctx, toolbin.OpenTofu(), log)
	if err != nil {
		return "", err
	}
	cli, err := engine.Local(ctx, root, scratch, log, source)
	if err != nil {
		return "", err
	}
	config := filepath.Join(scratch, "config")
	if err := os.Mkdir(config, 0o755); err != nil {
		return "", fmt.Errorf("make the scratch folder: %w", err)
	}
	text := fmt.Sprintf("terraform {\n  required_providers {\n    fly = { source = %q }\n  }\n}\n", source)
	if err := os.WriteFile(filepath.Join(config, "main.tf"), []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	cmd := exec.CommandContext(ctx, tofu, "providers", "schema", "-json")
	cmd.Dir = config
	cmd.Env = append(engine.Environ(os.Environ(), scratch), "TF_CLI_CONFIG_FILE="+cli)
	cmd.Stderr = log
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask OpenTofu for the schema: %w", err)
	}
	if out, err = withLater(ctx, out); err != nil {
		return "", err
	}
	schema := filepath.Join(scratch, "schema.json")
	if err := os.WriteFile(schema, out, 0o600); err != nil {
		return "", fmt.Errorf("keep the schema: %w", err)
	}
	return schema, nil
}

// render runs tfplugindocs, which writes its pages to the folder docs, relative
// to root.
func render(ctx context.Context, root, schema, docs string, log io.Writer) error {
	tfplugindocs, err := toolbin.Named("tfplugindocs")
	if err != nil {
		return err
	}
	bin, err := toolbin.Path(ctx, tfplugindocs, log)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, bin, "generate",
		"--provider-dir", root, "--provider-name", "fly", "--rendered-provider-name", "Fly",
		"--providers-schema", schema, "--rendered-website-dir", docs)
	out, err := cmd.CombinedOutput()
	if err != nil {
		_, _ = log.Write(out)
		return fmt.Errorf("run tfplugindocs: %w", err)
	}
	return nil
}
