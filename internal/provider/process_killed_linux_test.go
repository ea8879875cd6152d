package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// hungHolder starts a plan whose flyctl hangs, and then one that waits for the
// first one's lock.
func hungHolder(t *testing.T, hung, later fakefly.Behaviour) (fly *fakefly.Fake, holder, waiter *running) {
	t.Helper()
	fly = fakefly.Install(t, hung)
	all := crowd(t, fly, 2, readMany(1, `cli = { timeout = "10m" }`))
	holder = all[0].begin("plan")
	flytest.Eventually(t, "flyctl hangs", func() bool { return len(fly.Calls()) == 1 })
	fly.Set(later)
	waiter = all[1].begin("plan")
	waiter.awaitReads(1)
	t.Cleanup(func() {
		for _, r := range []*running{holder, waiter} {
			for _, pid := range r.providers() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	return fly, holder, waiter
}

// providers returns the numbers of the provider processes that the engine
// started, including those that it left behind. The log's name in their
// environment identifies them.
func (r *running) providers() []int {
	r.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		r.t.Fatal(err)
	}
	var found []int
	for _, file := range files {
		// The process may have ended.
		environ, _ := os.ReadFile(file)
		program, _ := os.Readlink(filepath.Join(filepath.Dir(file), "exe"))
		ours := strings.HasPrefix(filepath.Base(program), "terraform-provider-fly")
		if !ours || !strings.Contains(string(environ), "TF_LOG_PATH="+r.trace+"\x00") {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(file, "/proc/%d/environ", &pid); err != nil {
			r.t.Fatal(err)
		}
		found = append(found, pid)
	}
	return found
}

// An interrupted plan ends and leaves no process behind, both the one that
// waits for the lock and the one whose flyctl hangs.
func TestAccProcessInterrupted(t *testing.T) {
	t.Parallel()
	fly, holder, waiter := hungHolder(t, fakefly.Behaviour{Hang: true, Grandchild: true}, fakefly.Behaviour{})
	for _, plan := range []struct {
		*running
		// flies is the number of remaining flyctl processes.
		flies int
	}{{waiter, 2}, {holder, 0}} {
		if err := plan.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if got := plan.wait(); !got.failed || !strings.Contains(got.output, "Interrupt") {
			t.Errorf("the plan says:\n%.3000s", got.output)
		}
		flytest.Eventually(t, "the provider is gone", func() bool { return len(plan.providers()) == 0 })
		flytest.Eventually(t, "flyctl is gone", func() bool { return fly.Running() == plan.flies })
	}
	if calls := len(fly.Calls()); calls != 1 {
		t.Errorf("flyctl was run %d times", calls)
	}
}

// If a provider is killed, its flyctl ends too, and the waiting plan takes
// over.
func TestAccProcessHolderKilled(t *testing.T) {
	t.Parallel()
	fly, holder, waiter := hungHolder(t, fakefly.Behaviour{Hang: true}, fakefly.Behaviour{})
	killed := holder.providers()
	if len(killed) != 1 {
		t.Fatalf("the plan's providers are %v, want one", killed)
	}
	if err := syscall.Kill(killed[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if got := waiter.wait(); got.failed || strings.Contains(got.output, "Warning: Fly") {
		t.Errorf("the plan that waited says:\n%.3000s", got.output)
	}
	if got := holder.wait(); !got.failed {
		t.Errorf("the plan whose provider was killed says:\n%.3000s", got.output)
	}
	flytest.Eventually(t, "flyctl is gone", func() bool { return fly.Running() == 0 })
	if calls := len(fly.Calls()); calls != 2 {
		t.Errorf("flyctl was run %d times", calls)
	}
}
