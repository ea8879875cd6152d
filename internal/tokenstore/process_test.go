package tokenstore_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// The environment of the test binary when it runs itself as another process.
const (
	roleVariable = "TOKENSTORE_TEST_ROLE"
	rootVariable = "TOKENSTORE_TEST_ROOT"
)

func TestMain(m *testing.M) {
	name := os.Getenv(roleVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	name, arg, _ := strings.Cut(name, " ")
	all := roles()
	maps.Copy(all, platformRoles())
	if err := all[name](tokenstore.Open(os.Getenv(rootVariable), scope), arg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// role is what a child process does. It tells its parent of its progress, one
// line at a time, and waits for it by reading one.
type role func(s *tokenstore.Store, arg string) error

func roles() map[string]role {
	return map[string]role{"late-save": lateSave, "hang-at": hangAt, "create": create, "write": writeOn, "crash": writeAll}
}

func childRecord() (token.Record, error) {
	tok, err := token.Parse(fakefly.Token{Seed: rand.Text()}.Text())
	return token.Record{Token: tok, Origin: token.SourceCLI, AcquiredAt: time.Now()}, err
}

// lateSave saves under the generation that was current when it began.
func lateSave(s *tokenstore.Store, _ string) error {
	gen, err := s.Generation(context.Background(), "web")
	if err != nil {
		return err
	}
	rec, err := childRecord()
	if err != nil {
		return err
	}
	fmt.Println("began")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	err = s.SaveMinted(context.Background(), web, rec, gen)
	fmt.Println(errors.Is(err, token.ErrSuperseded))
	return nil
}

// hangAt sets a manual token, and stops for ever before the given step.
func hangAt(s *tokenstore.Store, op string) error {
	rec, err := childRecord()
	if err != nil {
		return err
	}
	s.SetFault(func(at, _ string) error {
		if at == op {
			fmt.Println(rec.Token.Fingerprint())
			time.Sleep(time.Hour)
		}
		return nil
	})
	return s.SetManual(context.Background(), "web", rec)
}

// create creates a manual token, and tells whether it was the first.
func create(s *tokenstore.Store, _ string) error {
	rec, err := childRecord()
	if err != nil {
		return err
	}
	_, err = s.CreateManual(context.Background(), "web", rec)
	if err != nil && !errors.Is(err, token.ErrManualExists) {
		return err
	}
	fmt.Println(err == nil)
	return nil
}

// writeOn sets one manual token after the other, and tells of each before and
// after.
func writeOn(s *tokenstore.Store, _ string) error {
	for {
		rec, err := childRecord()
		if err != nil {
			return err
		}
		fmt.Println(rec.Token.Fingerprint())
		if err := s.SetManual(context.Background(), "web", rec); err != nil {
			return err
		}
		fmt.Println("kept")
	}
}

// child is another process over the same storage.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func start(t *testing.T, root, role string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.CommandContext(t.Context(), self)}
	c.cmd.Env = append(os.Environ(), roleVariable+"="+role, rootVariable+"="+root)
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.lines = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	return c
}

// line returns the child's next line, "" when it has ended.
func (c *child) line() string {
	if !c.lines.Scan() {
		return ""
	}
	return c.lines.Text()
}

// kill ends the child as no signal handler can prevent, and waits for its end.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

func TestSaveUnderAnOldGenerationLosesInAnotherProcess(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	c := start(t, root, "late-save")
	if got := c.line(); got != "began" {
		t.Fatalf("the child said %q", got)
	}
	if err := s.Invalidate(t.Context(), "web"); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(c.in); err != nil {
		t.Fatal(err)
	}
	if got := c.line(); got != "true" {
		t.Errorf("superseded: %q, want true", got)
	}
	if _, _, err := s.Minted(t.Context(), web); !errors.Is(err, token.ErrNoRecord) {
		t.Errorf("Minted() error = %v, want ErrNoRecord", err)
	}
}

func TestCreateManualInManyProcesses(t *testing.T) {
	t.Parallel()
	_, root := open(t)
	var children []*child
	for range 4 {
		children = append(children, start(t, root, "create"))
	}
	first := 0
	for _, c := range children {
		switch got := c.line(); got {
		case "true":
			first++
		case "false":
		default:
			t.Errorf("a child said %q", got)
		}
	}
	if first != 1 {
		t.Errorf("%d processes created the record, want 1", first)
	}
}

// A process killed before any step leaves the old record or the new one, whole,
// and no lock that blocks.
func TestKilledInTheMiddleOfAWrite(t *testing.T) {
	t.Parallel()
	for _, op := range writeSteps {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s, root := open(t)
			want := set(t, s, "web").Token.Fingerprint()
			c := start(t, root, "hang-at "+op)
			next := c.line()
			c.kill()
			if op == "sync folder" {
				want = next
			}
			got, err := s.Manual(t.Context(), "web")
			if err != nil || next == "" || got.Token.Fingerprint() != want {
				t.Errorf("Manual() = %v, %v, want token(%s); the child wrote %q", got.Token, err, want, next)
			}
			wantManual(t, s, "web", set(t, s, "web"))
		})
	}
}

func TestAcknowledgedRecordsSurviveAKill(t *testing.T) {
	t.Parallel()
	s, root := open(t)
	for round := range 10 {
		c := start(t, root, "write")
		var kept, last string
		for range round + 1 {
			last = c.line()
			if got := c.line(); got != "kept" {
				t.Fatalf("the child said %q", got)
			}
			kept = last
		}
		_ = c.cmd.Process.Kill()
		// What it said before it died counts too.
		for text := c.line(); text != ""; text = c.line() {
			if text == "kept" {
				kept = last
			} else {
				last = text
			}
		}
		c.kill()
		got, err := s.Manual(t.Context(), "web")
		if fp := got.Token.Fingerprint(); err != nil || fp != kept && fp != last {
			t.Errorf("Manual() = %v, %v, want the token kept, %s, or the one begun, %s", got.Token, err, kept, last)
		}
	}
}
