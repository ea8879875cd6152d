package provider_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
)

// started is the file that a provisioner writes when it runs.
const started = "started"

// applying starts an apply that stops in the middle, with an open ephemeral
// with revoke_on_close.
func applying(t *testing.T) (*process, *running, *flytest.Server) {
	t.Helper()
	requires(t, engine.EphemeralResources)
	s := flytest.New(t, flyWorld())
	p := start(t, leased("touch "+started+" && exec sleep 60"), runner(t, s, s.Login(ownerOfBoth))...)
	p.env = append(p.env, "PATH="+os.Getenv("PATH")) // touch and sleep
	r := p.begin("apply", "-auto-approve")
	flytest.Eventually(t, "the apply is in the middle", func() bool {
		_, err := os.Stat(filepath.Join(p.dir, started))
		return err == nil
	})
	return p, r, s
}

// One Ctrl-C in the middle of an apply leaves no token.
func TestAccProcessEphemeralInterrupted(t *testing.T) {
	t.Parallel()
	_, r, s := applying(t)
	if len(good(s)) == 0 {
		t.Error("no token is open")
	}
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	run := r.wait()
	if !run.failed || !strings.Contains(strings.ToLower(run.output), "interrupt") {
		t.Errorf("the interrupted apply says:\n%s", run.output)
	}
	revokedAll(t, s, run)
}

// SIGTERM to the provider, as when a whole session is stopped: it revokes the
// open tokens and ends.
func TestAccProcessEphemeralTerminated(t *testing.T) {
	t.Parallel()
	_, r, s := applying(t)
	for _, pid := range providers(t, r.cmd.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	flytest.Eventually(t, "every token is revoked", func() bool { return len(good(s)) == 0 })
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	revokedAll(t, s, r.wait())
}

// SIGKILL leaves one token, valid for an hour at most and listed by its name,
// until the next run that mints one revokes it.
func TestAccProcessEphemeralKilled(t *testing.T) {
	t.Parallel()
	p, r, s := applying(t)
	for _, pid := range providers(t, r.cmd.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	run := r.wait()
	left := good(s)
	if len(left) != 1 || !strings.HasPrefix(left[0], "terraform-provider-fly web (ephemeral ") {
		t.Fatalf("%q are left after:\n%s", left, run.output)
	}
	for _, one := range s.Issued() {
		if one.RevokedAt.IsZero() && time.Until(one.ExpiresAt) > time.Hour {
			t.Errorf("%s is good until %s", one.Name, one.ExpiresAt)
		}
	}
	p.configure(leased("exit 0"))
	revokedAll(t, s, p.run("apply", "-auto-approve"))
}

// providers returns the process numbers of the providers that an engine started.
func providers(t *testing.T, parent int) []int {
	t.Helper()
	built, err := buildProvider()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		program, err := os.Readlink(filepath.Join("/proc", e.Name(), "exe"))
		if err != nil || filepath.Dir(program) != built {
			continue
		}
		status, err := os.ReadFile(filepath.Join("/proc", e.Name(), "status"))
		if err == nil && strings.Contains(string(status), "\nPPid:\t"+strconv.Itoa(parent)+"\n") {
			pids = append(pids, pid)
		}
	}
	if len(pids) == 0 {
		t.Fatal("the engine has no provider running")
	}
	return pids
}
