package fakefly_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

func TestMain(m *testing.M) {
	fakefly.Main()
	os.Exit(m.Run())
}

// call runs the fake in a separate folder.
func call(t *testing.T, f *fakefly.Fake, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), f.Path(), args...)
	cmd.Dir, cmd.Env = t.TempDir(), append([]string{"SystemRoot=" + os.Getenv("SystemRoot")}, env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestFakeMintsAnotherTokenEachTime(t *testing.T) {
	t.Parallel()
	f := fakefly.Install(t, fakefly.Behaviour{})
	seen := map[token.Token]bool{}
	for _, tt := range []struct {
		args     []string
		lifetime time.Duration
		mask     macaroon.Action
	}{
		{[]string{"tokens", "create", "readonly", "--expiry", "24h0m0s", "--name", "x"}, 24 * time.Hour, macaroon.ActionRead},
		{[]string{"tokens", "create", "readonly"}, 175200 * time.Hour, macaroon.ActionRead},
		{[]string{"tokens", "create", "deploy", "-a", "web", "-x", "1h", "-n", "x"}, time.Hour, macaroon.ActionAll},
	} {
		before := time.Now()
		out, errs, status := call(t, f, []string{"FLY_ACCESS_TOKEN=fo1_user", "FLY_ORG=acme"}, tt.args...)
		parsed, err := token.Parse(out)
		if err != nil || errs != "" || status != 0 || !strings.HasPrefix(out, "FlyV1 fm2_") {
			t.Fatalf("%v: status %d, stderr %q, %v", tt.args, status, errs, err)
		}
		wantGenuine(t, parsed, before.Add(tt.lifetime), tt.mask)
		seen[parsed] = true
	}
	if len(seen) != 3 || len(f.Calls()) != 3 {
		t.Errorf("%d tokens in %d calls, want 3 in 3", len(seen), len(f.Calls()))
	}
}

// wantGenuine fails unless tok is a macaroon with its discharge that allows mask
// until notBefore or up to a minute later.
func wantGenuine(t *testing.T, tok token.Token, notBefore time.Time, mask macaroon.Action) {
	t.Helper()
	bundle, err := macaroon.ParseBundle(tok.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if got := len(bundle.Usable(now).Macaroons()); got != 2 {
		t.Errorf("%d usable macaroons, want the permission and its discharge", got)
	}
	if late := bundle.Expiry(now).Sub(notBefore); late < -time.Second || late > time.Minute {
		t.Errorf("it expires %v after what was asked for", late)
	}
	allowed, _ := bundle.Grants()[0].Permission.Caveats()[0].(macaroon.Organization)
	if allowed.Mask != mask {
		t.Errorf("it allows %q, want %q", allowed.Mask, mask)
	}
}

func TestFakeOfAProgramThatIsNoTest(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, err := fakefly.LayOut(dir, self, "fly", fakefly.Behaviour{})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "tokens", "create", "deploy", "--json", "--app", "web")
	cmd.Env = append(os.Environ(), "FLY_ACCESS_TOKEN=fo1_user")
	out, err := cmd.Output()
	var printed map[string]string
	if err != nil || json.Unmarshal(out, &printed) != nil || len(printed) != 1 || !strings.HasPrefix(printed["token"], "FlyV1 fm2_") {
		t.Errorf("%v: stdout %q", err, out)
	}
	calls, err := fakefly.CallsIn(dir)
	if err != nil || len(calls) != 1 || calls[0].Args[2] != "deploy" {
		t.Errorf("%+v, %v: want the one call", calls, err)
	}
	if _, err := fakefly.LayOut(filepath.Join(self, "beneath a file"), self, "fly", fakefly.Behaviour{}); err == nil {
		t.Error("a fake beneath a regular file")
	}
}

func TestTokenIsWhatItSays(t *testing.T) {
	t.Parallel()
	end := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	one := fakefly.Token{Seed: "one", Organization: 7, NotAfter: end, DischargeNotAfter: end.Add(-time.Hour)}
	same, other := one, one
	other.Seed = "two"
	if one.Text() != same.Text() || one.Text() == other.Text() {
		t.Error("the text depends on something else than the token")
	}
	bundle, err := macaroon.ParseBundle(one.Text())
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := bundle.OrganizationID(); !ok || id != 7 {
		t.Errorf("organization %d, want 7", id)
	}
	if got := bundle.Expiry(time.Now()); !got.Equal(end.Add(-time.Hour)) {
		t.Errorf("it expires at %v, want what its discharge does", got)
	}
}

func TestFakeChecksItsCall(t *testing.T) {
	t.Parallel()
	login, org := "FLY_ACCESS_TOKEN=fo1_user", "FLY_ORG=acme"
	tests := map[string]struct {
		env    []string
		args   []string
		stdout string
		stderr string
		status int
	}{
		"no login":        {[]string{org}, []string{"tokens", "create", "readonly"}, "", "no access token available", 1},
		"no organization": {[]string{login}, []string{"tokens", "create", "readonly"}, "", "org slug argument must be specified", 1},
		"no app":          {[]string{login}, []string{"tokens", "create", "deploy"}, "", "Could not find App", 1},
		"days":            {[]string{login, org}, []string{"tokens", "create", "readonly", "-x", "1d"}, "Usage:", "Error: ", 1},
		"odd flag":        {[]string{login, org}, []string{"tokens", "create", "readonly", "--ttl", "1h"}, "Usage:", "unknown flag", 1},
		"unknown profile": {[]string{login, org}, []string{"tokens", "create", "readnly", "acme"}, "Usage:", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, errs, status := call(t, fakefly.Install(t, fakefly.Behaviour{}), tt.env, tt.args...)
			if !strings.Contains(out, tt.stdout) || (out == "") != (tt.stdout == "") ||
				!strings.Contains(errs, tt.stderr) || (errs == "") != (tt.stderr == "") || status != tt.status {
				t.Errorf("stdout %q, stderr %q, status %d", out, errs, status)
			}
		})
	}
}

func TestFakeBehavesAsConfigured(t *testing.T) {
	t.Parallel()
	f := fakefly.Install(t, fakefly.Shim())
	_, errs, status := call(t, f, nil)
	if !strings.HasPrefix(errs, "No version is set") || status != 126 {
		t.Errorf("stderr %q, status %d", errs, status)
	}
	f.Set(fakefly.Behaviour{Stdout: "hello", Stderr: "psst", Flood: 25_000, Status: 3})
	out, errs, status := call(t, f, nil)
	if len(out) != 25_005 || !strings.HasSuffix(out, "hello") || errs != "psst" || status != 3 {
		t.Errorf("%d bytes on stdout, stderr %q, status %d", len(out), errs, status)
	}
}

func TestFakeRecordsItsCall(t *testing.T) {
	t.Parallel()
	f := fakefly.InstallAs(t, "flyctl", fakefly.NoLogin())
	_, _, _ = call(t, f, []string{"FLY_API_TOKEN=fo1_x", "FLY_ACCESS_TOKEN=fo1_user", "FLY_ORG=acme", "A=b"}, "version")
	calls := f.Calls()
	if len(calls) != 1 {
		t.Fatalf("%d calls, want 1", len(calls))
	}
	c := calls[0]
	login, _ := token.Parse("fo1_user")
	if diff := cmp.Diff(map[string]string{"FLY_ORG": "acme"}, c.Fly); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"version"}, c.Args); diff != "" {
		t.Error(diff)
	}
	if c.Login != login.Fingerprint() || !c.StdinEmpty || len(c.Entries) != 0 || c.PID == 0 || c.Began.IsZero() {
		t.Errorf("recorded %+v", c)
	}
}

func TestFakeShowsWhatRuns(t *testing.T) {
	t.Parallel()
	f := fakefly.Install(t, fakefly.Behaviour{Grandchild: true, Hang: true})
	cmd := exec.CommandContext(t.Context(), f.Path())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	flytest.Eventually(t, "flyctl is called", func() bool { return len(f.Calls()) == 1 })
	if got := f.Running(); got != 2 {
		t.Errorf("%d processes, want the fake and its grandchild", got)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := f.Running(); got != 1 {
		t.Errorf("%d processes, want the grandchild alone", got)
	}
	f.EndAll()
	if got := f.Running(); got != 0 {
		t.Errorf("%d processes, want none", got)
	}
}
