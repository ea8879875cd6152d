package provider_test

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// The engine connects to the provider by a socket in the folder for temporary
// files, or in a separate folder. If it cannot be made, the engine's own
// message does not name the cause.
func TestAccProcessSocketFolder(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the provider is reached over TCP")
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing")
	fly := fakefly.Install(t, fakefly.Behaviour{})
	for name, test := range map[string]struct{ variable, want string }{
		"no such folder":                {"TMPDIR=" + missing, "set TMPDIR to an existing, writable folder"},
		"too long":                      {"TMPDIR=" + long, "set TMPDIR to a shorter path"},
		"no such folder for sockets":    {"PLUGIN_UNIX_SOCKET_DIR=" + missing, "set PLUGIN_UNIX_SOCKET_DIR to an existing, writable folder"},
		"one for sockets, but too long": {"PLUGIN_UNIX_SOCKET_DIR=" + long, "set PLUGIN_UNIX_SOCKET_DIR to a shorter path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := start(t, readWeb(""), append(flyEnv(fly), test.variable)...).try("plan")
			text := strings.Join(strings.Fields(strings.ReplaceAll(got.output, "│", " ")), " ")
			if !got.failed || !strings.Contains(text, test.want) {
				t.Errorf("the plan says:\n%.3000s", got.output)
			}
		})
	}
}

// A socket can be made in the longest accepted path.
func TestSocketFolderLength(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the provider is reached over TCP")
	}
	base, err := os.MkdirTemp("/tmp", "s") //nolint:usetesting // on macOS that folder's path is too long to begin with
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	var accepted int
	for length := len(base) + 2; ; length++ {
		folder := base + "/" + strings.Repeat("x", length-len(base)-1)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		ours := provider.CheckSocketFolder(folder)
		listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", folder+"/"+provider.SocketName)
		if (ours == nil) != (err == nil) {
			t.Fatalf("a path of %d bytes: the check says %v, the system %v", length, ours, err)
		}
		if err != nil {
			break
		}
		accepted++
		_ = listener.Close()
	}
	if accepted == 0 {
		t.Error("no folder was accepted")
	}
}

// Without a home folder nothing is stored, and a warning names the setting.
func TestAccProcessNoHome(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	for name, test := range map[string]struct {
		config string
		want   []string
	}{
		"flyctl mints":  {readWeb(""), nil},
		"nothing else":  {readWeb(`sources = ["storage", "config", "manual"]`), []string{"set storage.path or FLY_TOKEN_STORAGE", "set HOME, FLY_CONFIG_DIR or config_file"}},
		"manual tokens": {manualConfig("web", macaroonFor("web")), []string{"Unable to Save Manual Token", "Set storage.path in the provider block, or the environment variable FLY_TOKEN_STORAGE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, test.config, append(flyEnv(fly), "HOME=", "USERPROFILE=", "APPDATA=")...)
			p.storage = ""
			got := p.try("apply", "-auto-approve")
			if got.failed != (test.want != nil) || strings.Contains(got.output, "Warning: Fly") {
				t.Errorf("the apply says:\n%.3000s", got.output)
			}
			// Plan and apply each configure the provider.
			if n := strings.Count(got.output, "Warning: Unable to Use Token Storage"); n < 1 || n > 2 {
				t.Errorf("%d warnings that storage is off:\n%.3000s", n, got.output)
			}
			text := strings.Join(strings.Fields(strings.ReplaceAll(got.output, "│", " ")), " ")
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing from:\n%.3000s", want, got.output)
				}
			}
		})
	}
}

// Storage that is removed while flyctl runs is created again.
func TestAccProcessStorageRemoved(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open is not removed")
	}
	fly := fakefly.Install(t, fakefly.Behaviour{Delay: time.Second})
	p := start(t, readMany(1, ""), flyEnv(fly)...)
	plan := p.begin("plan")
	flytest.Eventually(t, "flyctl runs", func() bool { return len(fly.Calls()) == 1 })
	if err := os.RemoveAll(p.storage); err != nil {
		t.Fatal(err)
	}
	if got := plan.wait(); got.failed || strings.Contains(got.output, "Warning: Fly") {
		t.Errorf("the plan says:\n%.3000s", got.output)
	}
	if calls := counted(fly, func() { p.run("plan") }); calls != 0 {
		t.Errorf("the next plan ran flyctl %d times: was the token not stored?", calls)
	}
}
