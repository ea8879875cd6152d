package coredump_test

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/flytokens/terraform-provider-fly/internal/coredump"
)

// child is the variable that makes a process of this test binary undumpable.
// The tests' own process must not be, because it cannot be undone.
const child = "COREDUMP_TEST_CHILD"

func TestDisable(t *testing.T) {
	t.Parallel()
	if os.Getenv(child) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		again.Env = append(os.Environ(), child+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := coredump.Disable(); err != nil {
		t.Fatal(err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || dumpable != 0 {
		t.Errorf("dumpable is %d, %v, want 0", dumpable, err)
	}
	var size unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &size); err != nil || size.Cur != 0 || size.Max != 0 {
		t.Errorf("the limit is %+v, %v, want nothing", size, err)
	}
}
