package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The module and the test in the guide about testing work: the engine runs the
// test with a mock in place of the provider.
func TestAccProcessTestingGuide(t *testing.T) {
	t.Parallel()
	p := start(t, "")
	guide, err := os.ReadFile(filepath.Join("..", "..", "templates", "guides", "testing.md.tmpl"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```terraform\n(.*?)```").FindAllSubmatch(guide, -1)
	if len(blocks) != 2 {
		t.Fatalf("the guide has %d blocks, want the module and its test", len(blocks))
	}
	write(t, filepath.Join(p.dir, "main.tf"), string(blocks[0][1]))
	write(t, filepath.Join(p.dir, "tests", "mocked.tftest.hcl"), string(blocks[1][1]))
	wants(t, p.run("test").output, "1 passed, 0 failed")
}
