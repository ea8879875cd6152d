package provider_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/engine"
	"github.com/flytokens/terraform-provider-fly/internal/provider"
)

// buildProvider builds the provider's program once for all tests, into the
// temporary home folder of TestMain.
var buildProvider = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp(os.Getenv("HOME"), "built-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "terraform-provider-fly")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", program, "github.com/flytokens/terraform-provider-fly")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
})

// process is a Terraform project that a real engine runs with the provider that
// was built from this source. Both are separate processes that share only files
// with the test.
type process struct {
	t      *testing.T
	engine engine.Engine
	// dir holds the configuration and the state, home is the home folder, and
	// storage the provider's storage.
	dir, home, storage string
	// env is added to the engine's environment.
	env []string
}

// outcome is the result of a run of the engine.
type outcome struct {
	// output is its stdout and stderr.
	output string
	// trace is its log at TF_LOG=TRACE.
	trace string
	// failed is true if its exit status was not zero.
	failed bool
}

// start makes a project with the configuration given. Without TF_ACC it skips
// the test.
func start(t *testing.T, config string, env ...string) *process {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("acceptance tests run with TF_ACC=1")
	}
	e, err := engine.At(t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH"))
	if err != nil {
		t.Fatal(err)
	}
	built, err := buildProvider()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, engine: e, dir: t.TempDir(), home: t.TempDir(), env: env}
	p.storage = filepath.Join(p.home, "storage")
	write(t, filepath.Join(p.home, "cli.tfrc"), fmt.Sprintf(`provider_installation {
  dev_overrides { %q = %q }
  direct {}
}
`, e.Host()+"/flytokens/fly", built))
	p.configure(config)
	return p
}

// configure replaces the configuration.
func (p *process) configure(config string) {
	p.t.Helper()
	write(p.t, filepath.Join(p.dir, "main.tf"), "terraform {\n  required_providers {\n    fly = { source = \"flytokens/fly\" }\n  }\n}\n"+config)
}

// run runs the engine, which must succeed.
func (p *process) run(args ...string) outcome {
	p.t.Helper()
	got := p.try(args...)
	if got.failed {
		p.t.Fatalf("%s %s failed:\n%s", p.engine, strings.Join(args, " "), got.output)
	}
	return got
}

// try runs the engine, which may fail.
func (p *process) try(args ...string) outcome {
	p.t.Helper()
	return p.begin(args...).wait()
}

// running is an engine that was started.
type running struct {
	t     *testing.T
	cmd   *exec.Cmd
	out   bytes.Buffer
	trace string
}

// begin starts the engine. The caller waits for it.
func (p *process) begin(args ...string) *running {
	p.t.Helper()
	r := &running{t: p.t, trace: filepath.Join(p.t.TempDir(), "trace.log")}
	r.cmd = p.command(args...)
	r.cmd.Env = append(r.cmd.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+r.trace)
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.out
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	return r
}

// command is a run of the engine that has not started.
func (p *process) command(args ...string) *exec.Cmd {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), p.engine.Path, args...)
	cmd.Dir = p.dir
	cmd.Env = append(append(engine.Environ(os.Environ(), p.home), provider.Offline...), p.env...)
	cmd.Env = append(cmd.Env,
		"FLY_TOKEN_STORAGE="+p.storage,
		"TF_CLI_CONFIG_FILE="+filepath.Join(p.home, "cli.tfrc"),
		"TF_IN_AUTOMATION=1", "TF_CLI_ARGS=-no-color",
	)
	return cmd
}

// wait returns the result after the engine's end.
func (r *running) wait() outcome {
	r.t.Helper()
	err := r.cmd.Wait()
	log, logErr := os.ReadFile(r.trace)
	if logErr != nil {
		r.t.Fatal(logErr)
	}
	return outcome{output: r.out.String(), trace: string(log), failed: err != nil}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
