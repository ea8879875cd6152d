package toolbin

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// modules writes a folder of tool modules with one module, hello, which builds
// without a network.
func modules(t *testing.T, source string) (dir string, tool Tool) {
	t.Helper()
	dir = t.TempDir()
	files := map[string]string{
		"greet/go.mod": "module example.test/greet\n\ngo 1.26\n\nrequire example.test/hello v1.2.3\n\n" +
			"replace example.test/hello => ./hello\n\ntool example.test/hello\n",
		"greet/go.sum":        "",
		"greet/hello/go.mod":  "module example.test/hello\n\ngo 1.26\n",
		"greet/hello/main.go": source,
	}
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, Tool{name: "hello", dir: "greet", pkg: "example.test/hello", module: "example.test/hello"}
}

const hello = "package main\n\nfunc main() { print(\"hello\") }\n"

func TestPathBuildsOnce(t *testing.T) {
	t.Parallel()
	dir, tool := modules(t, hello)
	cache := t.TempDir()
	var (
		wg   sync.WaitGroup
		logs [3]bytes.Buffer
		bins [3]string
		errs [3]error
	)
	for i := range bins {
		wg.Go(func() { bins[i], errs[i] = path(t.Context(), tool, dir, cache, &logs[i]) })
	}
	wg.Wait()
	announced := 0
	for i := range bins {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if bins[i] != bins[0] {
			t.Errorf("got %q and %q for one tool", bins[0], bins[i])
		}
		announced += strings.Count(logs[i].String(), "building hello v1.2.3")
	}
	if announced != 1 {
		t.Errorf("three callers at once built it %d times, want once", announced)
	}
	out, err := exec.CommandContext(t.Context(), bins[0]).CombinedOutput()
	if err != nil || string(out) != "hello" {
		t.Errorf("what was built says %q, %v", out, err)
	}
	if !strings.Contains(bins[0], "hello-v1.2.3-") {
		t.Errorf("%q does not name tool and version", bins[0])
	}
}

func TestPathKeepsBuildsApart(t *testing.T) {
	t.Parallel()
	dir, tool := modules(t, hello)
	before, err := key(tool, filepath.Join(dir, tool.dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.sum", "main.go"} {
		if err := os.WriteFile(filepath.Join(dir, tool.dir, name), []byte("another\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		after, err := key(tool, filepath.Join(dir, tool.dir))
		if err != nil {
			t.Fatal(err)
		}
		if before == after {
			t.Errorf("another %s has the key of the old one", name)
		}
		before = after
	}
}

func TestPathLeavesNoHalfBuiltTool(t *testing.T) {
	t.Parallel()
	dir, tool := modules(t, "package main\n\nfunc main() { nonsense }\n")
	cache := t.TempDir()
	var log bytes.Buffer
	if bin, err := path(t.Context(), tool, dir, cache, &log); err == nil {
		t.Fatalf("a program that does not compile was built: %s", bin)
	}
	if !strings.Contains(log.String(), "nonsense") {
		t.Errorf("the compiler's message is lost: %q", log.String())
	}
	left, err := filepath.Glob(filepath.Join(cache, "*", "hello*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestPathNeedsAPinnedTool(t *testing.T) {
	t.Parallel()
	dir, tool := modules(t, hello)
	tool.module = "example.test/other"
	_, err := path(t.Context(), tool, dir, t.TempDir(), &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "does not require example.test/other") {
		t.Errorf("got %v", err)
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	root, err := Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"tofu", "vaultserver", "versitygw", "golangci-lint", "gofumpt", "tfplugindocs", "vale",
		"goreleaser", "cyclonedx-gomod", "actionlint", "govulncheck",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tool, err := Named(name)
			if err != nil {
				t.Fatal(err)
			}
			version, err := pinned(t.Context(), filepath.Join(root, "internal", "tools", tool.dir), tool.module)
			if err != nil || !strings.HasPrefix(version, "v") {
				t.Errorf("pinned at %q, %v", version, err)
			}
		})
	}
	if _, err := Named("hammer"); err == nil || !strings.Contains(err.Error(), "gofumpt") {
		t.Errorf("an unknown name: got %v", err)
	}
}
