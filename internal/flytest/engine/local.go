package engine

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Local builds the provider whose source is in root into the folder dir. It
// returns the path of a CLI configuration, also in dir. An engine with this
// path in TF_CLI_CONFIG_FILE uses the build for the given sources, and needs no
// init. The build runs in the caller's environment, so that Go finds its
// caches. The compiler's messages go to log.
func Local(ctx context.Context, root, dir string, log io.Writer, sources ...string) (string, error) {
	bin := filepath.Join(dir, "bin")
	name := "terraform-provider-fly"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", filepath.Join(bin, name), ".")
	cmd.Dir = root
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("engine: build the provider: %w", err)
	}
	var overrides strings.Builder
	for _, source := range sources {
		_, _ = fmt.Fprintf(&overrides, "    %q = %q\n", source, filepath.ToSlash(bin))
	}
	cli := filepath.Join(dir, "cli.tfrc")
	text := "provider_installation {\n  dev_overrides {\n" + overrides.String() + "  }\n  direct {}\n}\n"
	if err := os.WriteFile(cli, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("engine: write the CLI configuration: %w", err)
	}
	return cli, nil
}
