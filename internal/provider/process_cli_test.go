package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// hundred reads the token of one app a hundred times.
func hundred(arguments string) string {
	return fmt.Sprintf("provider \"fly\" {\n%s\n}\n", arguments) + `
data "fly_app_token" "web" {
  count = 100
  app   = "web"
}

output "fingerprints" {
  value = toset(data.fly_app_token.web[*].fingerprint)
}
`
}

// flyEnv is an environment with a login, an organization, and flyctl on PATH.
func flyEnv(fly *fakefly.Fake) []string {
	return []string{"PATH=" + fly.Dir(), "FLY_ORG=acme", "FLY_API_TOKEN=" + macaroonFor("login")}
}

// counted returns the number of flyctl's runs during a run of the engine.
func counted(fly *fakefly.Fake, run func()) int {
	before := len(fly.Calls())
	run()
	return len(fly.Calls()) - before
}

// One plan over a hundred data sources of one app runs flyctl once, and
// the next one not at all.
func TestAccProcessOneCallForAHundred(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	p := start(t, hundred(""), flyEnv(fly)...)
	if got := counted(fly, func() { p.run("plan") }); got != 1 {
		t.Errorf("the first plan ran flyctl %d times", got)
	}
	if got := counted(fly, func() { p.run("apply", "-auto-approve") }); got != 0 {
		t.Errorf("the apply ran flyctl %d times", got)
	}
	var second outcome
	if got := counted(fly, func() { second = p.run("plan") }); got != 0 {
		t.Errorf("the second plan ran flyctl %d times", got)
	}
	if !strings.Contains(second.output, "No changes.") {
		t.Errorf("the second plan says:\n%s", second.output)
	}
}

// refresh = "always" drops the earlier minted tokens, once per plan.
func TestAccProcessAlwaysMintsOncePerPlan(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{})
	p := start(t, hundred(`refresh = "always"`), flyEnv(fly)...)
	for _, args := range [][]string{{"plan"}, {"apply", "-auto-approve"}, {"plan"}} {
		var got outcome
		if n := counted(fly, func() { got = p.run(args...) }); n != 1 {
			t.Errorf("%s ran flyctl %d times", args[0], n)
		}
		if strings.Contains(got.output, "No changes.") {
			t.Errorf("%s sees no new token:\n%s", args[0], got.output)
		}
	}
}

// A hundred readers with one hanging flyctl wait for it once. Each gets an
// error, and no process or folder is left behind.
func TestAccProcessOneHungCLI(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Grandchild: true, Hang: true})
	temp := t.TempDir()
	p := start(t, hundred(`cli = { timeout = "1s" }`+"\n"+`sources = ["storage", "cli"]`), append(flyEnv(fly), "TMPDIR="+temp, "TMP="+temp, "TEMP="+temp)...)
	var got outcome
	if n := counted(fly, func() { got = p.try("plan") }); n != 1 {
		t.Errorf("the plan ran flyctl %d times", n)
	}
	shown := strings.Count(got.output, "Error: Unable to Read Fly App Token")
	if p.engine.Kind == engine.Terraform && shown == 1 {
		shown = 100 // Terraform 1.14 shows equal errors of one block once
	}
	if !got.failed || shown != 100 || !strings.Contains(got.output, "cli.timeout") {
		t.Errorf("the plan says:\n%.3000s", got.output)
	}
	flytest.Eventually(t, "no process and no folder is left", func() bool {
		return fly.Running() == 0 && len(flyFolders(t, temp)) == 0
	})
}

// flyFolders lists what flyctl's runs left in the folder for temporary files,
// apart from what the engine itself puts there.
func flyFolders(t *testing.T, temp string) []string {
	t.Helper()
	entries, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		if e.IsDir() {
			left = append(left, e.Name())
		}
	}
	return left
}

// The errors if flyctl misbehaves.
func TestAccProcessCLIFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		behaviour fakefly.Behaviour
		want      string
	}{
		"garbage":          {fakefly.Behaviour{Stdout: "Welcome to flyctl!\n"}, "cli: flyctl printed something that is not a token"},
		"help":             {fakefly.TooOld(), "update flyctl"},
		"nothing":          {fakefly.Behaviour{Mute: true}, "cli: flyctl reported success but printed nothing"},
		"100 MB":           {fakefly.Behaviour{Flood: 100 << 20}, "cli: flyctl"},
		"no such org":      {fakefly.UnknownOrganization("acme"), "check organization"},
		"unauthenticated":  {fakefly.Unauthenticated(), "fly auth login"},
		"network down":     {fakefly.NetworkDown(), "check the network"},
		"a shim":           {fakefly.Shim(), "exit status 126"},
		"warning and fail": {fakefly.Fail(1, "Warning: Metrics token unavailable\nError: failed creating token: input: Not allowed"), "Not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fly := fakefly.Install(t, test.behaviour)
			p := start(t, readWeb(`sources = ["cli"]`), flyEnv(fly)...)
			got := p.try("plan")
			if !got.failed || !strings.Contains(got.output, "Unable to Read Fly App Token") || !strings.Contains(got.output, test.want) {
				t.Errorf("the plan says:\n%.3000s", got.output)
			}
		})
	}
}

// A warning on stderr next to a valid token is not a fault.
func TestAccProcessCLIWarnsAndMints(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Stderr: "Warning: Metrics token unavailable: context canceled\n"})
	p := start(t, readWeb(`sources = ["cli"]`), flyEnv(fly)...)
	if got := p.run("plan"); strings.Contains(got.output, "Warning: Metrics") {
		t.Errorf("the plan says:\n%s", got.output)
	}
}

// The interpretation of cli.path, and the errors for programs that are not
// flyctl.
func TestAccProcessCLIPath(t *testing.T) {
	t.Parallel()
	fly := fakefly.InstallAs(t, "flyctl", fakefly.Behaviour{})
	dir := t.TempDir()
	write(t, filepath.Join(dir, "plain"), "#!/bin/sh\n")
	nowhere := []string{"PATH=" + t.TempDir(), "FLY_ORG=acme", "FLY_API_TOKEN=" + macaroonFor("login")}
	for name, test := range map[string]struct {
		path string
		env  []string
		want string
	}{
		"flyctl on PATH":  {"", flyEnv(fly), ""},
		"by its path":     {fly.Path(), nowhere, ""},
		"by its name":     {"flyctl", flyEnv(fly), ""},
		"missing":         {"", nowhere, "no `fly` or `flyctl` on PATH: install flyctl, or set cli.path"},
		"missing path":    {filepath.Join(dir, "missing"), nowhere, "not found: " + filepath.Join(dir, "missing")},
		"not executable":  {filepath.Join(dir, "plain"), nowhere, "plain is not executable"},
		"a folder":        {dir, nowhere, "is a folder"},
		"another's name":  {"flyctl-next", flyEnv(fly), "no `flyctl-next` on PATH"},
		"in the home dir": {"~/missing", nowhere, filepath.Join("missing") + ": "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cli := ""
			if test.path != "" {
				cli = fmt.Sprintf("cli = { path = %q }\n", test.path)
			}
			got := start(t, readWeb(cli+`sources = ["cli"]`), test.env...).try("plan")
			if got.failed != (test.want != "") || !strings.Contains(got.output, test.want) {
				t.Errorf("the plan says:\n%.3000s", got.output)
			}
		})
	}
}
