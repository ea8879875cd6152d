package flyctl

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/flytest/fakefly"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// This file is in the package itself for the fuzzed parsers, and for the
// removal of a folder, which cannot be made to fail from outside.

func TestAcquireWarnsOfFolderNotRemoved(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]fakefly.Behaviour{
		"after success": {},
		"after failure": fakefly.NoLogin(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			src := New(Options{
				Path:     fakefly.Install(t, behaviour).Path(),
				Timeout:  time.Minute,
				TokenTTL: time.Hour,
				Login:    func(context.Context) (token.Token, error) { return token.Parse("fo1_user") },
				Environ:  os.Environ(),
				TempDir:  temp,
			})
			src.remove = func(string) error { return errors.New("injected") }
			got, err := src.Acquire(t.Context(), token.Request{App: "web", Organization: "acme"})
			message := ""
			if err != nil {
				message = err.Error()
			} else if len(got.Warnings) == 1 {
				message = got.Warnings[0].Detail
			}
			if !strings.Contains(message, "flyctl ran in "+temp) || !strings.Contains(message, "remove it by hand") {
				t.Errorf("warning %q, want the folder and the advice", message)
			}
		})
	}
}

// TestAcquireStopsWhatHangs ends the run's deadline as soon as flyctl hangs.
func TestAcquireStopsWhatHangs(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]fakefly.Behaviour{
		"alone":             {Hang: true},
		"with a grandchild": {Hang: true, Grandchild: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp, fly := t.TempDir(), fakefly.Install(t, behaviour)
			src := New(Options{
				Path:     fly.Path(),
				Timeout:  time.Minute,
				TokenTTL: time.Hour,
				Login:    func(context.Context) (token.Token, error) { return token.Parse("fo1_user") },
				Environ:  os.Environ(),
				TempDir:  temp,
			})
			src.deadline = func(ctx context.Context, _ time.Duration, cause error) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(ctx)
				go func() {
					for len(fly.Calls()) == 0 && ctx.Err() == nil {
						runtime.Gosched()
					}
					cancel(cause)
				}()
				return ctx, func() { cancel(nil) }
			}
			_, err := src.Acquire(t.Context(), token.Request{App: "web", Organization: "acme"})
			var miss *token.MissError
			if !errors.As(err, &miss) || !miss.Temporary ||
				err.Error() != "flyctl did not finish within 1m0s and was stopped: check the network, or raise cli.timeout" {
				t.Errorf("error is %v, want a temporary miss about the time", err)
			}
			for fly.Running() != 0 {
				runtime.Gosched()
			}
			if left := names(t, temp); left != nil {
				t.Errorf("%q are left", left)
			}
		})
	}
}

// FuzzParseOutput looks for output that causes a panic, that is neither a token
// nor a miss, or that the error quotes.
func FuzzParseOutput(f *testing.F) {
	for _, seed := range []string{
		"", "FlyV1 ", "FlyV1 fm2_QUJD\n", "Bearer FlyV1 fm2_QUJD,fm1a_QUJD", "fm2_QUJD fm2_QUJD", "fo1_abc",
		"Usage:\n  flyctl", "\xff\xfe", "fm2_QUJD\x00", "FlyV1\u00a0fm2_QUJD",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stdout []byte) {
		got, err := parseOutput(stdout)
		if err == nil {
			if got.IsZero() || strings.Contains(got.Reveal(), "fo1_") {
				t.Errorf("accepted %q", stdout)
			}
			return
		}
		var miss *token.MissError
		if !errors.As(err, &miss) {
			t.Errorf("%v is no miss", err)
		}
		if strings.Contains(err.Error(), "fm2_") {
			t.Error("the message quotes the output")
		}
	})
}

// FuzzUsefulLine looks for messages of flyctl from which a token survives, or
// whose result is not one line.
func FuzzUsefulLine(f *testing.F) {
	for _, seed := range []string{
		"", "Error: x", "WARN y\nError: fm2_QUJD", "Error: Bearer abcdefgh\x1b[0m", "fm2\x1b[0m_QUJD", "f\x00o1_abc", "fm2_\u202eabc",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stderr []byte) {
		_, line := usefulLine(stderr, token.Token{})
		for _, prefix := range []string{"fm2_", "fm1r_", "fm1a_", "fo1_"} {
			if strings.Contains(strings.ToLower(line), prefix) {
				t.Errorf("%q is left of %q", line, stderr)
			}
		}
		if strings.ContainsAny(line, "\n\r\x1b\x00") || len(line) > 400 {
			t.Errorf("%q is not a short line", line)
		}
	})
}

// flyctl runs in a different folder than the provider, so a relative HOME would
// mean a different folder.
func TestEnvironReplacesARelativeHome(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := environ([]string{"HOME=project"}, dir, token.Token{}, "")
	var homes []string
	for _, entry := range env {
		if strings.HasPrefix(entry, "HOME=") {
			homes = append(homes, entry)
		}
	}
	if len(homes) != 1 || homes[0] != "HOME="+dir {
		t.Errorf("%q, want only the private folder", homes)
	}
}
