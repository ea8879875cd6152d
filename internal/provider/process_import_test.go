package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// kept stores a manual token for app in the project's storage, as a different
// configuration would.
func (p *process) kept(app, tok string) {
	p.t.Helper()
	created(configured(p.t, scratch(p.t), attrs{"storage": attrs{"path": p.storage}}), attrs{"app": app, "token": tok})
}

const tokenVariable = "variable \"token\" { sensitive = true }\n"

// The configuration that an engine generates for an imported token applies
// after its token line is filled in.
func TestAccProcessImportGenerates(t *testing.T) {
	t.Parallel()
	tok := macaroonFor("web")
	p := start(t, "import {\n  to = fly_manual_token.web\n  id = \"web\"\n}\n"+tokenVariable, "TF_VAR_token="+tok)
	p.kept("web", tok)
	// Engines report missing values in the generated configuration, but write
	// it anyway.
	got := p.try("plan", "-generate-config-out=generated.tf")
	if !strings.Contains(strings.Join(strings.Fields(got.output), " "), "replace the null in the token line") {
		t.Errorf("the plan says:\n%s", got.output)
	}
	name := filepath.Join(p.dir, "generated.tf")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	const line = "  token            = null # sensitive\n"
	if strings.Count(string(text), line) != 1 || strings.Contains(string(text), "fm2_") {
		t.Fatalf("generated:\n%s", text)
	}
	write(t, name, strings.Replace(string(text), line, "  token            = var.token\n", 1))
	applied := p.run("apply", "-auto-approve")
	if !strings.Contains(applied.output, "1 imported, 0 added") {
		t.Errorf("the apply says:\n%s", applied.output)
	}
	silent(t, map[string]string{"the token": tok}, got, applied, p.unchanged())
}

// An import block names the record by its identity: the example of it.
func TestAccProcessImportByIdentity(t *testing.T) {
	t.Parallel()
	requires(t, engine.ResourceIdentity, engine.WriteOnlyArguments)
	tok := macaroonFor("web")
	const dir = "resources/fly_manual_token/"
	p := start(t, snippets(t, dir+"import-by-identity.tf", dir+"resource.tf"), "TF_VAR_web_token="+tok)
	p.kept("web", tok)
	applied := p.run("apply", "-auto-approve")
	if !strings.Contains(applied.output, "1 imported, 0 added, 1 changed") {
		t.Errorf("the apply says:\n%s", applied.output)
	}
	secrets := map[string]string{"the token": tok}
	silent(t, secrets, applied, p.unchanged())
	p.search(secrets)
}

// The example of the ephemeral resource: a plan opens it, and leaves no unowned
// token behind.
func TestAccProcessEphemeralExample(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources)
	s := flytest.New(t, flyWorld())
	p := start(t, snippets(t, "ephemeral-resources/fly_app_token/ephemeral-resource.tf"), runner(t, s, s.Login(ownerOfBoth))...)
	p.run("plan")
	if len(s.Issued()) != 2 || len(good(s)) != 1 {
		t.Errorf("of %d tokens %q are good", len(s.Issued()), good(s))
	}
}

// snippets reads examples of the documentation.
func snippets(t *testing.T, files ...string) string {
	t.Helper()
	var text strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join("..", "..", "examples", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
		text.WriteString("\n")
	}
	return text.String()
}
