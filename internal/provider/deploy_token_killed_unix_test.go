//go:build unix

package provider_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest"
)

// killed applies, and kills the engine and the provider as soon as Fly has minted.
func (p *process) killed(s *flytest.Server) {
	p.t.Helper()
	before := len(s.Issued())
	s.Inject(flytest.OpMint, flytest.Fault{Times: 1, Done: true, Hang: true})
	cmd := p.command("apply", "-auto-approve")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for len(s.Issued()) == before {
		select {
		case err := <-ended:
			p.t.Fatalf("the apply ended before Fly minted: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
	if err := <-ended; err == nil {
		p.t.Fatal("the apply ended well before it was killed")
	}
}

// A token that a provider left at Fly because it was killed before the state
// was written is revoked by the next mint with the same storage. Without that
// storage one token with a known name remains until its ttl ends.
func TestAccProcessDeployTokenKilled(t *testing.T) {
	t.Parallel()
	s := flytest.New(t, flyWorld())
	p := start(t, deployConfig(`ttl = "1h"`), runner(t, s, s.Login(ownerOfBoth))...)
	p.killed(s)
	if names := good(s); len(names) != 1 {
		t.Fatalf("%v is good after the kill", names)
	}
	p.run("apply", "-auto-approve")
	wantTokens(t, s, tokens{minted: 2, revoked: 1, good: 1})
	if got := p.deployment(); !opens(t, s, got.Token, "web") {
		t.Error("the token that was kept is the one that was revoked")
	}

	p.configure(deployConfig(`ttl = "2h"`))
	p.killed(s)
	if err := os.RemoveAll(p.storage); err != nil {
		t.Fatal(err)
	}
	p.run("apply", "-auto-approve")
	p.run("destroy", "-auto-approve")
	var left []flytest.Issued
	for _, one := range s.Issued() {
		if one.Over && one.RevokedAt.IsZero() {
			left = append(left, one)
		}
	}
	if len(left) != 1 || !strings.HasPrefix(left[0].Name, "ci (terraform ") || left[0].ExpiresAt.After(time.Now().Add(2*time.Hour)) {
		t.Errorf("left at Fly: %+v", left)
	}
}

// A mint whose process was killed before it stored the token is revoked by the next
// apply, and the consumers receive its successor.
func TestAccProcessDeployTokenStoredKilled(t *testing.T) {
	t.Parallel()
	m := storedModule(t, location{})
	m.sets(location{}, "")
	m.killed(m.fly)
	m.run("apply", "-auto-approve")
	wantTokens(t, m.fly, tokens{minted: 2, revoked: 1, good: 1})
	first := m.got("github_actions_secret")
	m.sets(location{}, `  triggers = { n = "2" }`)
	m.killed(m.fly)
	m.run("apply", "-auto-approve")
	wantTokens(t, m.fly, tokens{minted: 4, revoked: 2, good: 2})
	if second := m.got("github_actions_secret"); second == first || !opens(t, m.fly, first, "web") || !opens(t, m.fly, second, "web") {
		t.Error("the consumer has no valid successor")
	}
	m.quiet()
}
