//go:build darwin || freebsd || linux

package provider_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	minting "github.com/flytokens/terraform-provider-fly/internal/mint"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// stateToLock names the variable that has this program lock a file as an engine does,
// until its standard input ends.
const stateToLock = "TEST_LOCK_STATE"

func holdStateLock() {
	name := os.Getenv(stateToLock)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart})
	}
	if err != nil {
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString("locked\n")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// lockedBy makes a separate process lock a file until the test ends.
func lockedBy(t *testing.T, name string) (pid int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), stateToLock+"="+name)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// A state file is the engine's if the engine has locked it, and is the same until it
// is written.
func TestEngineState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, file := range map[string]string{
		"default":   filepath.Join(dir, "a", "terraform.tfstate"),
		"workspace": filepath.Join(dir, "b", "terraform.tfstate.d", "blue", "terraform.tfstate"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := filepath.Join(dir, map[string]string{"default": "a", "workspace": "b"}[name])
			write(t, file, "")
			if mark, engine := provider.EngineState(root, 1); mark != "" || engine != "" {
				t.Errorf("without a lock: %q, %q", mark, engine)
			}
			pid := lockedBy(t, file)
			first, engine := provider.EngineState(root, pid)
			if first == "" || engine != strconv.Itoa(pid) {
				t.Fatalf("locked: %q, %q", first, engine)
			}
			if again, _ := provider.EngineState(root, pid); again != first {
				t.Errorf("unchanged: %q, then %q", first, again)
			}
			if other, _ := provider.EngineState(root, pid+1); other != "" {
				t.Errorf("of a different process: %q", other)
			}
			write(t, file, "{}")
			if changed, _ := provider.EngineState(root, pid); changed == first || changed == "" {
				t.Errorf("written: %q, then %q", first, changed)
			}
			write(t, filepath.Join(root, "errored.tfstate"), "{}")
			if left, _ := provider.EngineState(root, pid); left != "" {
				t.Errorf("beside a state that could not be written: %q", left)
			}
		})
	}
}

// A state file that an engine emptied has lost the new token, unless the backup has
// it. It has also lost the replaced one, unless a different backend may have it.
func TestLostState(t *testing.T) {
	t.Parallel()
	const old, fresh = `{"resources": [{"token_id": "id1"}]}`, `{"resources": [{"token_id": "id2"}]}`
	for name, test := range map[string]struct {
		state, backup string
		// backend means that the data folder names a backend.
		backend bool
		want    minting.Loss
	}{
		"without a backup":            {want: minting.LostBoth},
		"with the backup of the run":  {backup: old, want: minting.LostBoth},
		"with an older backup":        {backup: `{"resources": [{"token_id": "id10"}]}`, want: minting.LostNewPerhapsBoth},
		"with a configured backend":   {backup: old, backend: true, want: minting.LostNewPerhapsBoth},
		"moved to another backend":    {backup: fresh, backend: true},
		"moved, and its folder lost":  {backup: fresh},
		"with an encrypted backup":    {backup: `{"encrypted_data": "AAAA"}`},
		"a state with other contents": {state: `{"resources": []}`},
		"a state that was not written": {
			state: "{}", want: minting.LostNew,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			file := filepath.Join(root, "terraform.tfstate")
			write(t, file, "{}")
			if test.backup != "" {
				write(t, file+".backup", test.backup)
			}
			if test.backend {
				write(t, filepath.Join(root, ".terraform", "terraform.tfstate"), "{}")
			}
			pid := lockedBy(t, file)
			rotation := token.Mint{ID: "id2", Replaces: "id1"}
			rotation.StateFile, _ = provider.EngineState(root, pid)
			if test.state != "{}" {
				write(t, file, test.state)
			}
			if got := provider.Lost(root, pid, rotation); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			rotation.StateFile = "0:0:2:0"
			if got := provider.Lost(root, pid, rotation); got != minting.LostNothing {
				t.Errorf("of a different file: %v", got)
			}
		})
	}
}
