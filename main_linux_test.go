package main_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// A serving provider is undumpable, because its memory holds logins.
func TestProviderLeavesNoCoreDump(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "provider")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The limit is raised first. If it were already zero, the test could see no
	// change.
	const raise = "ulimit -c unlimited"
	if err := exec.CommandContext(t.Context(), "sh", "-c", raise).Run(); err != nil {
		t.Skip("this user may not have core dumps at all:", err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", raise+` && exec "$0"`, bin)
	// The handshake of hashicorp/terraform-plugin-go, with which engines start
	// providers.
	cmd.Env = append(os.Environ(), "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=6")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal("no handshake: ", err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`Max core file size +0 +0 `).Match(limits) {
		t.Errorf("core dumps are not off:\n%s", limits)
	}
}
