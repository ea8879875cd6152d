package provider_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// asMachine names the variable that makes a test binary one machine of a fleet.
const asMachine = "TEST_MACHINE"

// buildMachine builds the program of all machines, without the race detector: fifty
// processes with it take minutes to start.
var buildMachine = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp(os.Getenv("HOME"), "machine-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "machine.exe")
	if out, err := exec.Command("go", "test", "-c", "-o", program, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go test -c: %w\n%s", err, out)
	}
	return program, nil
})

// machine is a provider in a separate process, with its own home folder. It does what
// its standard input says, and answers each line with one of JSON.
type machine struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// answered is a machine's answer.
type answered struct{ Token, Problems string }

// fleet starts machines that share storage and a user of s. They are configured when it
// returns.
func fleet(t *testing.T, n int, l location, s *flytest.Server, user string) []*machine {
	t.Helper()
	program, err := buildMachine()
	if err != nil {
		t.Fatal(err)
	}
	login := s.Login(user)
	all := make([]*machine, n)
	for i := range all {
		m := &machine{t: t, cmd: exec.CommandContext(t.Context(), program, "-test.run=^TestMachine$")}
		home := t.TempDir()
		m.cmd.Env = append(append(engine.Environ(os.Environ(), home), runner(t, s, login)...), l.env...)
		m.cmd.Env = append(m.cmd.Env, asMachine+"=1", "FLY_TOKEN_STORAGE="+l.storage, "TMPDIR="+home)
		m.cmd.Stderr = t.Output()
		in, inErr := m.cmd.StdinPipe()
		out, outErr := m.cmd.StdoutPipe()
		if inErr != nil || outErr != nil {
			t.Fatal(inErr, outErr)
		}
		if err := m.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		m.in, m.out = in, json.NewDecoder(out)
		t.Cleanup(m.kill)
		all[i] = m
	}
	for _, m := range all {
		if got := m.answer(); got.Problems != "" {
			t.Fatal(got.Problems)
		}
	}
	return all
}

// begin starts an operation: "read" or an action, an app, and perhaps an access.
func (m *machine) begin(operation string) {
	m.t.Helper()
	if _, err := io.WriteString(m.in, operation+"\n"); err != nil {
		m.t.Fatal(err)
	}
}

// answer waits for the end of an operation.
func (m *machine) answer() (got answered) {
	m.t.Helper()
	if m.out.Decode(&got) != nil { // the error may quote a token
		m.t.Fatal("the machine has no answer")
	}
	return got
}

// do carries out an operation, which must succeed without a warning.
func (m *machine) do(operation string) string {
	m.t.Helper()
	m.begin(operation)
	got := m.answer()
	if got.Problems != "" {
		m.t.Errorf("%s: %s", operation, got.Problems)
	}
	return got.Token
}

// end ends the run, as an engine does.
func (m *machine) end() {
	m.t.Helper()
	_ = m.in.Close() // a machine that is gone fails in Wait
	if err := m.cmd.Wait(); err != nil {
		m.t.Error(err)
	}
}

// kill ends the process at once, if it still runs.
func (m *machine) kill() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

// TestMachine is the life of a machine. Without the variable it tests nothing.
func TestMachine(t *testing.T) { //nolint:paralleltest // the only test of its process
	if os.Getenv(asMachine) == "" {
		t.Skip("other tests run this in processes that they start")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	config := attrs{"sources": []any{"storage", "api"}}
	if strings.HasPrefix(os.Getenv("FLY_TOKEN_STORAGE"), "s3://") {
		config["storage"] = attrs{"s3": attrs{"bucket": "acme-tokens", "prefix": "fly", "use_path_style": true}}
	}
	w := dial(t, provider.World{Variables: os.Environ(), Home: home, ConfigDir: filepath.Join(home, "config"), TempDir: home})
	out := json.NewEncoder(os.Stdout)
	err = out.Encode(answered{Problems: w.configure(config)})
	for lines := bufio.NewScanner(os.Stdin); err == nil && lines.Scan(); {
		var got answered
		words := strings.Fields(lines.Text())
		arguments := attrs{"app": words[1]}
		if len(words) > 2 {
			arguments["access"] = words[2]
		}
		if words[0] == "read" {
			var state attrs
			state, got.Problems = w.read(t.Context(), arguments)
			got.Token, _ = state["token"].(string)
		} else {
			_, got.Problems = w.invoke(t.Context(), "fly_app_token_"+words[0], arguments)
		}
		err = out.Encode(got)
	}
	if err == nil {
		err = w.end(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}
