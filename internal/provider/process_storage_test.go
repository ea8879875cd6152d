package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// With unwritable storage the data source warns once, and fly_manual_token
// fails.
func TestAccProcessStorageUnwritable(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "the earlier content")
	path := fmt.Sprintf("storage = { path = %q }\n", filepath.Join(file, "storage"))
	p := start(t, hundred(path), flyEnv(fly)...)
	var got outcome
	if n := counted(fly, func() { got = p.run("plan") }); n != 1 {
		t.Errorf("the plan ran flyctl %d times", n)
	}
	if n := strings.Count(got.output, "Warning: "); n == 0 || n > 3 || !strings.Contains(got.output, file) {
		t.Errorf("%d warnings:\n%.4000s", n, got.output)
	}
	p.configure("provider \"fly\" {\n" + path + "}\n" + manualConfig("web", macaroonFor("web")))
	failed := p.try("apply", "-auto-approve")
	for _, want := range []string{"Error: Unable to Save Manual Token", file, "FLY_TOKEN_STORAGE"} {
		if !failed.failed || !strings.Contains(failed.output, want) {
			t.Errorf("%q is missing from:\n%s", want, failed.output)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != "the earlier content" {
		t.Errorf("the file became %q, %v", data, err)
	}
}

// Two configurations of the provider share only storage. A token that one login
// minted is not returned for the other.
func TestAccProcessAliases(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	config := ""
	for _, name := range []string{"one", "two"} {
		config += fmt.Sprintf(`
provider "fly" {
  alias        = %[1]q
  organization = "org-%[1]s"
  access_token = %[2]q
}

data "fly_app_token" %[1]q {
  provider = fly.%[1]s
  app      = "web"
}

output %[1]q {
  value = data.fly_app_token.%[1]s.fingerprint
}
`, name, macaroonFor(name))
	}
	p := start(t, config, "PATH="+fly.Dir())
	if n := counted(fly, func() { p.run("apply", "-auto-approve") }); n != 2 {
		t.Errorf("flyctl was run %d times", n)
	}
	used := map[string]string{}
	for _, call := range fly.Calls() {
		used[call.Fly["FLY_ORG"]] = call.Login
	}
	if used["org-one"] != fingerprintOf(macaroonFor("one")) || used["org-two"] != fingerprintOf(macaroonFor("two")) {
		t.Errorf("flyctl was run for %v", used)
	}
	one, two := p.run("output", "-raw", "one").output, p.run("output", "-raw", "two").output
	if one == two {
		t.Errorf("both were handed %s", one)
	}
}

// The provider configuration depends on a resource that does not exist yet.
func TestAccProcessUnknownProviderAttribute(t *testing.T) {
	t.Parallel()
	config := `
resource "terraform_data" "org" {
  input = "acme"
}

provider "fly" {
  organization = terraform_data.org.output
  sources      = ["env"]
}

`
	p := start(t, config+readWebData, "FLY_API_TOKEN="+macaroonFor("login"))
	got := p.try("plan")
	if !got.failed || !strings.Contains(got.output, "Error: Unable to Configure Fly Provider") || !strings.Contains(got.output, "organization") {
		t.Errorf("the plan says:\n%s", got.output)
	}
	p.configure(config + manualConfig("web", macaroonFor("web")))
	p.run("apply", "-auto-approve")
	p.configure(config + readWebData)
	p.run("apply", "-auto-approve")
}
