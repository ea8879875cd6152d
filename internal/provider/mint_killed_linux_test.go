package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// everyMillisecond names the variable that makes the test below kill at each
// millisecond.
const everyMillisecond = "TF_ACC_EVERY_MILLISECOND"

// lastMillisecond is long after an engine has written its state.
const lastMillisecond = 120

// instants are the times of the kill, in milliseconds after the mint. Without
// everyMillisecond, each way of killing uses a different third of them.
func instants(way int) (list []int) {
	step := 1
	if os.Getenv(everyMillisecond) == "" {
		step = lastMillisecond / 3
	}
	for at := way * step / 5; at <= lastMillisecond; at += step {
		list = append(list, at)
	}
	return list
}

// tokenIDs are Fly's identifiers of the tokens in a project's state: the resource's
// token, after its predecessor.
func (p *process) tokenIDs() (ids []any) {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "terraform.tfstate"))
	var state struct {
		Resources []struct {
			Instances []struct {
				Attributes struct {
					Predecessor string `json:"predecessor_id"`
					Token       string `json:"token_id"`
				}
			}
		}
	}
	if err = errors.Join(err, json.Unmarshal(text, &state)); err != nil {
		p.t.Fatal(err)
	}
	for _, r := range state.Resources {
		for _, one := range r.Instances {
			for _, id := range []string{one.Attributes.Predecessor, one.Attributes.Token} {
				if id != "" {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

// tokenID is Fly's identifier of the only token in a project's state.
func (p *process) tokenID() string {
	p.t.Helper()
	ids := p.tokenIDs()
	if len(ids) != 1 {
		p.t.Fatalf("the state has the tokens %v", ids)
	}
	return fmt.Sprint(ids[0])
}

// killing is how an apply is killed.
type killing struct {
	name string
	// rotate means that the state already has a token.
	rotate bool
	// group means that the engine is killed with its provider.
	group bool
	// delivered means that the time starts when storage records the token as
	// delivered, and not at the mint.
	delivered bool
}

// killedAt applies, and kills as k says, after this time.
func (p *process) killedAt(s *flytest.Server, after time.Duration, k killing) {
	p.t.Helper()
	// While the mint waits, there is time to look for the provider.
	hold := flytest.Slow(100 * time.Millisecond)
	hold.Times = 1
	s.Inject(flytest.OpMint, hold)
	before, minted := s.Count(flytest.OpMint), len(s.Issued())
	cmd := p.command("apply", "-auto-approve")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	until := func(done func() bool) {
		for !done() {
			select {
			case err := <-ended:
				p.t.Fatalf("the apply ended before Fly minted: %v", err)
			case <-time.After(200 * time.Microsecond):
			}
		}
	}
	until(func() bool { return s.Count(flytest.OpMint) > before })
	victims := []int{-cmd.Process.Pid}
	if !k.group {
		victims = providers(p.t, cmd.Process.Pid)
	}
	until(func() bool { return len(s.Issued()) > minted })
	if k.delivered {
		until(func() bool {
			text, _ := os.ReadFile(filepath.Join(p.storage, "apps", "app-web", "state.json")) // being replaced, perhaps
			return bytes.Contains(bytes.ReplaceAll(text, []byte(" "), nil), []byte(`"delivered":true`))
		})
	}
	<-time.After(after)
	for _, pid := range victims {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			p.t.Error(err)
		}
	}
	var exit *exec.ExitError
	if err := <-ended; err != nil && !errors.As(err, &exit) {
		p.t.Error(err)
	}
}

// Whenever the provider, or the engine with it, is killed after Fly minted: once the
// next apply has run, no token lives that the state does not know.
func TestAccProcessDeployTokenKilledAnyTime(t *testing.T) {
	t.Parallel()
	config := func(why int) string {
		return fmt.Sprintf("resource \"fly_deploy_token\" \"ci\" {\n  app = \"web\"\n  triggers = { why = %d }\n}\n", why)
	}
	for way, kill := range []killing{
		{name: "create, the provider"},
		{name: "create, the group", group: true},
		{name: "create, the group, delivered", group: true, delivered: true},
		{name: "rotate, the provider", rotate: true},
		{name: "rotate, the group", rotate: true, group: true},
	} {
		t.Run(kill.name, func(t *testing.T) {
			t.Parallel()
			lost, emptied, named := 0, 0, 0
			all := instants(way)
			if kill.delivered { // the engine writes its state soon
				all = []int{0, 1, 2, 3, 4}
			}
			for _, at := range all {
				s := flytest.New(t, flyWorld())
				p := start(t, config(0), runner(t, s, s.Login(ownerOfBoth))...)
				if kill.rotate {
					p.run("apply", "-auto-approve")
					p.configure(config(1))
				}
				p.killedAt(s, time.Duration(at)*time.Millisecond, kill)
				got := p.run("apply", "-auto-approve")
				if ids, known := live(s), p.tokenIDs(); !slices.Equal(ids, known) {
					t.Errorf("killed after %d ms: %v is live, the state knows %v:\n%s", at, ids, known, got.output)
				}
				lost += s.Count(flytest.OpRevoke)
				emptied += strings.Count(got.output, "Warning: Fly Tokens of Lost State Revoked")
				named += strings.Count(got.output, "Warning: Fly Token May Have No Owner")
			}
			t.Logf("%d kills: %d tokens that were lost are revoked, %d states were emptied, %d warnings name a token", len(all), lost, emptied, named)
		})
	}
}
