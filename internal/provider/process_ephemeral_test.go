package provider_test

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// bothEphemeral passes an ephemeral token and an ephemeral variable to
// write-only arguments, and shows the fingerprint of the first one.
const bothEphemeral = `
variable "login" {
  sensitive = true
  ephemeral = true
}

provider "fly" {
  access_token = var.login
  organization = "acme"
}

ephemeral "fly_app_token" "web" {
  app    = "web"
  access = "deploy"
}

resource "fly_manual_token" "copy" {
  app              = "copy"
  token_wo         = ephemeral.fly_app_token.web.authorization_header
  token_wo_version = 1
}
`

// Only storage contains the ephemeral's token and a write-only one. A search of
// every byte finds neither in the state, the plan file, their `show`, the
// output or the log. Plan and apply mint once.
func TestAccProcessEphemeralIsNotSaved(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources, engine.WriteOnlyArguments)
	s := flytest.New(t, flyWorld())
	login := s.Login(ownerOfBoth).Reveal()
	p := start(t, bothEphemeral, append(at(s), "PATH="+t.TempDir(), "TF_VAR_login="+login)...)
	runs := []outcome{
		p.run("plan", "-out=plan.bin"),
		p.run("show", "-json", "plan.bin"),
		p.run("apply", "plan.bin"),
	}
	if mints := s.Count(flytest.OpMint); mints != 1 || s.Count(flytest.OpRevoke) != 0 {
		t.Errorf("%d mints and %d revocations for a plan and its apply", mints, s.Count(flytest.OpRevoke))
	}
	tok := p.stored("copy")
	if !opens(t, s, tok, "web") {
		t.Error("what is in storage does not open the app")
	}
	runs = append(runs, p.run("show", "-json"), p.unchanged(), p.run("state", "pull"))
	secrets := map[string]string{"the token": tok, "the login": login}
	silent(t, secrets, runs...)
	if !strings.Contains(runs[2].trace, fingerprintOf(tok)) {
		t.Error("the log does not name the token by its fingerprint: is it the one that is searched?")
	}
	searched := p.search(secrets)
	if searched["terraform.tfstate"] == 0 || searched["plan.bin/tfplan"] == 0 {
		t.Errorf("searched %v", searched)
	}
	silent(t, secrets, p.run("destroy", "-auto-approve"))
	if mints := s.Count(flytest.OpMint); mints != 1 {
		t.Errorf("%d mints in all", mints)
	}
}

// stored reads the manual token of app out of storage.
func (p *process) stored(app string) string {
	p.t.Helper()
	world := scratch(p.t)
	w := configured(p.t, world, attrs{"storage": attrs{"path": p.storage}, "sources": []any{"manual"}})
	state, diags := w.read(p.t.Context(), attrs{"app": app})
	if diags != "" {
		p.t.Fatal(diags)
	}
	return as[string](p.t, state["token"])
}

// search looks for the secrets in every file of the project, also inside plan
// files, and returns the sizes of the searched files.
func (p *process) search(secrets map[string]string) map[string]int {
	p.t.Helper()
	searched := map[string]int{}
	look := func(name string, data []byte) {
		searched[name] = len(data)
		for what, secret := range secrets {
			for part := range strings.SplitSeq(secret, ",") {
				if where := leak(string(data), part); where != "" {
					p.t.Errorf("%s holds a part of %s", name, what)
				}
			}
		}
	}
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(p.dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		look(filepath.ToSlash(name), data)
		return unzip(path, func(inner string, data []byte) { look(filepath.ToSlash(name)+"/"+inner, data) })
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return searched
}

// unzip calls look with every file of a zip file. It ignores other files.
func unzip(path string, look func(name string, data []byte)) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil // not a zip file
	}
	defer func() { _ = archive.Close() }()
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		look(f.Name, data)
	}
	return nil
}

// leased opens an ephemeral with revoke_on_close, and runs a command while it
// is open.
func leased(command string) string {
	return fmt.Sprintf(`
ephemeral "fly_app_token" "web" {
  app             = "web"
  revoke_on_close = true
}

resource "terraform_data" "use" {
  provisioner "local-exec" {
    command     = %q
    environment = { FLY_API_TOKEN = ephemeral.fly_app_token.web.token }
  }
}
`, command)
}

// revokedAll checks that as many tokens were revoked as were minted, and that
// there were any.
func revokedAll(t *testing.T, s *flytest.Server, run outcome) {
	t.Helper()
	if minted := len(s.Issued()); minted == 0 || len(good(s)) != 0 {
		t.Errorf("of %d tokens %q are good after:\n%s", minted, good(s), run.output)
	}
}

// revoke_on_close: no token remains after success, nor after a failed apply,
// for which engines close nothing.
func TestAccProcessEphemeralRevoked(t *testing.T) {
	t.Parallel()
	requires(t, engine.EphemeralResources)
	s := flytest.New(t, flyWorld())
	p := start(t, leased("exit 0"), runner(t, s, s.Login(ownerOfBoth))...)
	plan := p.run("plan")
	revokedAll(t, s, plan)
	applied := p.run("apply", "-auto-approve")
	revokedAll(t, s, applied)
	p.run("destroy", "-auto-approve")
	p.configure(leased("exit 1"))
	failed := p.try("apply", "-auto-approve")
	if !failed.failed {
		t.Errorf("the apply did not fail:\n%s", failed.output)
	}
	revokedAll(t, s, failed)
	if stored := mintedIn(t, p.storage); len(stored) != 0 {
		t.Errorf("stored are %v", stored)
	}
}
