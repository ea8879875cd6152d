package flyctl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const versionTimeout = 10 * time.Second

// programs are the files that may be flyctl, in the order in which they are run.
type programs struct {
	look func() ([]string, error)

	mu sync.Mutex
	// others are those that are not flyctl. why is the fault of the last of
	// them.
	others []string
	why    error
}

// first returns the first program that is not known to be something else. The
// error is a [*token.MissError].
func (p *programs) first() (string, error) {
	all, err := p.look()
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, program := range all {
		if !slices.Contains(p.others, program) {
			return program, nil
		}
	}
	return "", p.why
}

// reject records that program, which failed with err, is not flyctl. The next
// program is then run.
func (p *programs) reject(program string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.others, program) {
		p.others = append(p.others, program)
	}
	p.why = err
}

// warnings name the programs that were not flyctl, because each received the
// login.
func (p *programs) warnings() []token.Warning {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []token.Warning
	for _, program := range p.others {
		all = append(all, token.Warning{
			Summary: "Another Program Has flyctl's Name",
			Detail: program + " is on PATH and is not flyctl: it does not answer `version` as flyctl does. flyctl was found under a different name. " +
				"Set cli.path to \"flyctl\", so that the provider does not pass a Fly login to the other program.",
		})
	}
	return all
}

// errOtherProgram is the cause of a miss for a program that is not flyctl.
var errOtherProgram = errors.New("the program is not flyctl")

// suspicious reports whether a run's output cannot be flyctl's: flyctl prints a
// token, its help, or a line that starts with "Error:".
func suspicious(out output) bool {
	if out.status == 0 {
		_, err := readToken(string(out.stdout))
		return err != nil && !isHelp(out.stdout)
	}
	return out.status > 0 && !bytes.HasPrefix(out.stderr, []byte(errorPrefix)) && !bytes.Contains(out.stderr, []byte("\n"+errorPrefix))
}

// checkProgram returns an error if program, whose run in dir was suspicious, is
// not flyctl.
func (s *Source) checkProgram(ctx context.Context, program, dir string, out output, req token.Request, login token.Token) error {
	if s.mayBeFlyctl(ctx, program, dir) {
		return nil
	}
	miss := failure(out, req, login)
	what := fmt.Sprintf("exit status %d", out.status)
	if _, quoted := usefulLine(out.stderr, login); quoted != "" {
		what += ": " + quoted
	}
	if miss.Fix != fixShim {
		miss.Fix = fixInstall
	}
	return &token.MissError{Reason: fmt.Sprintf("%s is not flyctl (%s)", program, what), Fix: miss.Fix, Cause: errOtherProgram}
}

// mayBeFlyctl reports whether program answers `version` as flyctl does
// (superfly/ flyctl, internal/buildinfo), or does not answer at all. The
// question contains no login.
func (s *Source) mayBeFlyctl(ctx context.Context, program, dir string) bool {
	answer, err := run(ctx, command{
		program:  program,
		args:     []string{"version"},
		dir:      dir,
		environ:  environ(s.options.Environ, dir, token.Token{}, ""),
		timeout:  versionTimeout,
		deadline: s.deadline,
	})
	return err != nil || answer.status == 0 && bytes.Contains(answer.stdout, []byte("BuildDate: "))
}
