package provider_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// withoutLocks names the variable that makes the test binary execute an engine
// for which flock(2) fails, as on some network file systems.
const withoutLocks = "TEST_WITHOUT_LOCKS"

// execWithoutLocks executes the engine in the variable. Its children inherit
// the filter.
func execWithoutLocks() {
	program := os.Getenv(withoutLocks)
	if program == "" {
		return
	}
	runtime.LockOSThread() // the filter applies to the thread, and exec keeps it
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_FLOCK},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOLCK)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	rules := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&rules)), 0, 0)
	}
	if err == nil {
		err = os.Unsetenv(withoutLocks)
	}
	if err == nil {
		err = syscall.Exec(program, append([]string{program}, os.Args[1:]...), os.Environ())
	}
	panic(err)
}

// lockless runs the project's engine with a failing flock(2).
func (p *process) lockless() {
	p.t.Helper()
	test, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	p.env = append(p.env, withoutLocks+"="+p.engine.Path)
	p.engine.Path = test
}

// Storage on a file system without locks. While one workspace applies, another
// one creates the same resource. Both applies succeed, and the first one's
// token stays live. The second one warns about that token.
func TestAccProcessDeployTokenWithoutLocks(t *testing.T) {
	t.Parallel()
	for name, without := range map[string]bool{"locks": false, "no locks": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := flytest.New(t, flyWorld())
			token := "resource \"fly_deploy_token\" \"ci\" {\n  app = \"web\"\n}\n"
			first := start(t, token+`
resource "terraform_data" "hold" {
  input = fly_deploy_token.ci.token_id
  provisioner "local-exec" {
    command = "touch started; until [ -e go ]; do sleep 0.05; done"
  }
}

# An engine ends a provider that nothing else needs.
data "fly_app_token" "later" {
  app        = "worker"
  depends_on = [terraform_data.hold]
}
`, runner(t, s, s.Login(ownerOfBoth))...)
			first.env = append(first.env, "PATH="+os.Getenv("PATH")) // touch and sleep
			second := start(t, token, append(runner(t, s, s.Login(ownerOfBoth)), "FLY_API_TOKEN="+s.Login(ownerOfBoth).Reveal())...)
			second.storage = first.storage
			if without {
				first.lockless()
				second.lockless()
			}
			applying := first.begin("apply", "-auto-approve")
			flytest.Eventually(t, "the first apply is in the middle", func() bool {
				_, err := os.Stat(filepath.Join(first.dir, started))
				return err == nil
			})
			got := second.run("apply", "-auto-approve")
			write(t, filepath.Join(first.dir, "go"), "")
			if held := applying.wait(); held.failed {
				t.Errorf("the first apply says:\n%s", held.output)
			}
			output := strings.Join(strings.Fields(got.output), " ")
			warned := strings.Contains(output, "Fly Token May Have No Owner") && strings.Contains(output, "fly tokens revoke "+first.tokenID())
			if ids := live(s); !slices.Contains(ids, any(first.tokenID())) || !slices.Contains(ids, any(second.tokenID())) || warned != without {
				t.Errorf("%v is live, the states have %s and %s:\n%s", ids, first.tokenID(), second.tokenID(), got.output)
			}
			if without && !strings.Contains(output, "Fly Token Storage Has No Locks") {
				t.Errorf("the second apply says:\n%s", got.output)
			}
		})
	}
}
