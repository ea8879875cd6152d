package backendtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
	"github.com/flytokens/terraform-provider-fly/internal/tokenstore"
)

// role is the task of a child process.
type role func(*tokenstore.Store) error

func roles() map[string]role {
	return map[string]role{"write": writeAll, "hold": hold}
}

// crashApps are the apps that a process writes to until it is killed.
const crashApps = 3

func crashApp(n int) string { return fmt.Sprintf("app-%d", n%crashApps) }

// writeAll changes documents in every way as fast as it can. It prints each token
// before and after it is stored as the manual one and as a deploy token.
func writeAll(s *tokenstore.Store) error {
	ctx := context.Background()
	for n := 0; ; n++ {
		app := crashApp(n)
		req := token.Request{App: app}
		if _, err := s.Load(ctx, req); err != nil {
			return err
		}
		c, err := s.Claim(ctx, req)
		if err != nil {
			return err
		}
		old, err := s.DeployToken(ctx, app, "ci")
		if err != nil && !errors.Is(err, token.ErrNoRecord) {
			return err
		}
		rec := manualRecord()
		fmt.Println(app, rec.Token.Fingerprint())
		if err := errors.Join(s.SetManual(ctx, app, rec), s.SaveDeployToken(ctx, app, "ci", rec, old.Token.Fingerprint())); err != nil {
			return err
		}
		fmt.Println(app, "kept")
		switch n % 7 {
		case 0:
			err = errors.Join(s.Invalidate(ctx, app), c.Release(ctx, nil, true))
		case 1:
			err = c.Release(ctx, []token.Attempt{{Source: token.SourceCLI, Err: errors.New("no login")}}, false)
		default:
			err = c.Save(ctx, record())
		}
		if err != nil {
			return err
		}
	}
}

// hold claims the app web until it is killed.
func hold(s *tokenstore.Store) error {
	if _, err := s.Claim(context.Background(), web); err != nil {
		return err
	}
	fmt.Println("held", s.Owner())
	_, err := bufio.NewReader(os.Stdin).ReadString('\n')
	return err
}

// child is another process over the same storage.
type child struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func start(t *testing.T, place, role string) *child {
	t.Helper()
	self, err := os.Executable()
	ok(t, err)
	c := &child{cmd: exec.CommandContext(t.Context(), self)}
	c.cmd.Env = append(os.Environ(), roleVariable+"="+role, placeVariable+"="+place)
	c.cmd.Stderr = os.Stderr
	_, err = c.cmd.StdinPipe()
	ok(t, err)
	out, err := c.cmd.StdoutPipe()
	ok(t, err)
	c.lines = bufio.NewScanner(out)
	ok(t, c.cmd.Start())
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

// kill ends the child with a signal that cannot be handled, and waits for its
// end.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// A claim ends with its process, and the next holder finds its mint.
func claimEndsWithProcess(t *testing.T, s Suite) {
	place := s.Place(t)
	c := start(t, place, "hold")
	owner, held := strings.CutPrefix(c.line(), "held ")
	if !held {
		t.Fatal("the child holds no claim")
	}
	st := s.store(t, place)
	if alive, certain := st.Alive(t.Context(), owner); certain && !alive {
		t.Error("the child is live but counts as ended")
	}
	c.kill()
	st.SetLeases(quick)
	next := claim(t, st, web)
	if left := next.Stored().Announced; len(left) != 1 || left[0].Owner != owner {
		t.Errorf("left announced: %v, want one of %q", left, owner)
	}
	if alive, certain := st.Alive(t.Context(), owner); certain != s.Exclusive || certain && alive {
		t.Errorf("Alive() of a killed process = %t, certain %t", alive, certain)
	}
	ok(t, next.Release(t.Context(), nil, false))
}

// Processes that write are killed at any moment. Every acknowledged write can
// be read back completely, nothing is damaged, and no claim outlives its
// process or lease.
//
// A server can carry out the last write of a killed process after the test has read the
// document, because the request was already sent. The write has the condition of a
// version, so it succeeds only if the document has not changed since. The test replaces
// all documents after every second kill, and accepts no late write there.
func crash(t *testing.T, s Suite) {
	place := s.Place(t)
	kept, late := map[string]string{}, map[string]string{}
	written := 0
	for n := range s.Crashes() {
		begun, acknowledged := killed(t, place, n%4)
		written += len(acknowledged)
		st := s.store(t, place)
		st.SetLeases(quick)
		for a := range crashApps {
			app := crashApp(a)
			for kind, read := range map[string]func() (token.Record, error){
				"manual": func() (token.Record, error) { return st.Manual(t.Context(), app) },
				"deploy": func() (token.Record, error) { return st.DeployToken(t.Context(), app, "ci") },
			} {
				key := kind + " token of " + app
				if fp, ok := acknowledged[app]; ok {
					kept[key], late[key] = fp, ""
				}
				got, err := read()
				fp := got.Token.Fingerprint()
				switch {
				case errors.Is(err, token.ErrNoRecord) && kept[key] == "":
				case err != nil || !slices.Contains([]string{kept[key], late[key], begun[app]}, fp):
					t.Fatalf("kill %d: the %s is %v, %v, want the token kept, %s, a late one, %q, or the one begun, %q", n, key, got.Token, err, kept[key], late[key], begun[app])
				}
				kept[key], late[key] = fp, begun[app]
			}
			load(t, st, token.Request{App: app})
			free(t, st, app)
			if n%2 == 0 {
				fp := replace(t, st, app)
				for _, kind := range []string{"manual", "deploy"} {
					kept[kind+" token of "+app], late[kind+" token of "+app] = fp, ""
				}
			}
		}
		if warnings := st.TakeWarnings(); warnings != nil {
			t.Fatalf("warnings: %v", warnings)
		}
	}
	if written == 0 {
		t.Error("no process lived long enough to keep a record")
	}
}

// replace replaces both tokens of the app, whatever is stored, and returns the new
// fingerprint.
func replace(t *testing.T, st *tokenstore.Store, app string) string {
	t.Helper()
	old, err := st.DeployToken(t.Context(), app, "ci")
	if err != nil && !errors.Is(err, token.ErrNoRecord) {
		t.Fatal(err)
	}
	rec := manualRecord()
	ok(t, errors.Join(st.SetManual(t.Context(), app, rec), st.SaveDeployToken(t.Context(), app, "ci", rec, old.Token.Fingerprint())))
	return rec.Token.Fingerprint()
}

// free claims the app, and forgets the mints that killed processes left
// announced.
func free(t *testing.T, st *tokenstore.Store, app string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := st.Claim(ctx, token.Request{App: app})
	ok(t, err)
	for _, m := range c.Stored().Announced {
		ok(t, st.Forget(ctx, app, m.Name))
	}
	ok(t, c.Save(ctx, record()))
}

// killed starts a process that writes, and kills it after its first line and as many
// more as least says. It returns by app the last fingerprint whose write began and the
// last whose write ended.
func killed(t *testing.T, place string, least int) (begun, kept map[string]string) {
	t.Helper()
	c := start(t, place, "write")
	var lines []string
	for range 1 + least { // a busy machine is slow to write them
		lines = append(lines, c.line())
	}
	if slices.Contains(lines, "") {
		t.Fatal("the process ended before it was killed")
	}
	// The kill can hit any step.
	timer := time.NewTimer(rand.N(30 * time.Millisecond))
	<-timer.C
	_ = c.cmd.Process.Kill()
	begun, kept = map[string]string{}, map[string]string{}
	for text := c.line(); text != ""; text = c.line() {
		lines = append(lines, text)
	}
	for _, text := range lines {
		app, what, ok := strings.Cut(text, " ")
		switch {
		case !ok || what == "":
			t.Logf("a line was cut by the kill: %q", text)
		case what == "kept":
			kept[app] = begun[app]
		default:
			begun[app] = what
		}
	}
	c.kill()
	return begun, kept
}
