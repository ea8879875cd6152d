package flyctl_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
)

// standIn is the variable that makes a process of this test binary the provider
// of [TestProviderThatIsKilledTakesFlyctlAlong], with the fake's path for a value.
const standIn = "FLYCTL_TEST_STAND_IN"

func TestProviderThatIsKilledTakesFlyctlAlong(t *testing.T) {
	t.Parallel()
	fly := fakefly.Install(t, fakefly.Behaviour{Hang: true})
	if path := os.Getenv(standIn); path != "" {
		src, _ := newSource(t, fly, pathIs(path))
		_, _ = src.Acquire(t.Context(), request())
		return
	}
	provider := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	provider.Env = append(os.Environ(), standIn+"="+fly.Path(), "TMPDIR="+t.TempDir())
	must(t, provider.Start())
	t.Cleanup(func() { _ = provider.Process.Kill(); _ = provider.Wait() })
	flytest.Eventually(t, "flyctl is called", func() bool { return len(fly.Calls()) == 1 })
	if got := fly.Running(); got != 1 {
		t.Fatalf("%d processes, want the fake", got)
	}
	must(t, provider.Process.Kill())
	flytest.Eventually(t, "flyctl is gone", func() bool { return fly.Running() == 0 })
}
