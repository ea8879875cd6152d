package flyctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Options say how flyctl is found and run.
type Options struct {
	// Path is the program: "" or "fly" looks for fly, then for flyctl, also if fly
	// turns out to be another program; another bare name is looked up as it is; a
	// path with a separator is used as it is.
	Path string
	// SearchPath is the PATH in which a bare name is looked for. Folders in it
	// that are not absolute are passed over.
	SearchPath string
	// Timeout bounds one run of flyctl.
	Timeout time.Duration
	// MaxParallel is how many runs may go on at once; less than one is one.
	MaxParallel int
	// TokenTTL is the lifetime that a minted token is asked to have.
	TokenTTL time.Duration
	// Login returns what flyctl authenticates with; it is called at each
	// Acquire and must be set. Its error is a miss of the link, and no process
	// is started.
	Login func(ctx context.Context) (token.Token, error)
	// Organization returns the slug of the organization that an app belongs to,
	// for a request that names none; nil where it cannot be looked up. Its error
	// is a miss of the link, and no process is started.
	Organization func(ctx context.Context, app string) (slug string, err error)
	// OrganizationTimeout bounds one call of Organization.
	OrganizationTimeout time.Duration
	// Environ is the environment of the provider, as os.Environ returns it.
	// What flyctl needs of it is passed on, and nothing else.
	Environ []string
	// Observe is told of each run of flyctl, by its path and with its arguments,
	// and returns the context for it and what is told its exit status, or why there
	// is none; nil is told nothing.
	Observe func(ctx context.Context, program string, args []string) (context.Context, func(status int, err error))
	// TempDir is where the private folder of a run is made; "" is the system's
	// folder for temporary files.
	TempDir string
}

// Source is the cli link. Make one with [New].
type Source struct {
	options  Options
	slots    chan struct{}
	programs *programs
	// deadline bounds a run; tests end runs by it without waiting.
	deadline deadline
	remove   func(dir string) error
	// sweepOnce begins, the first time, to remove what killed providers have left.
	// Nobody waits for its end.
	sweepOnce func()
}

var (
	_ token.Source  = (*Source)(nil)
	_ token.Limiter = (*Source)(nil)
)

// New returns the cli link. flyctl is looked for once, at the first Acquire.
func New(o Options) *Source {
	return &Source{
		options:  o,
		slots:    make(chan struct{}, max(o.MaxParallel, 1)),
		programs: &programs{look: sync.OnceValues(func() ([]string, error) { return lookup(o.Path, o.SearchPath) })},
		remove:   removeFolder,
		deadline: context.WithTimeoutCause,
		sweepOnce: sync.OnceFunc(func() {
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), sweepTime)
				defer cancel()
				sweep(ctx, cmp.Or(o.TempDir, os.TempDir()))
			}()
		}),
	}
}

// Name returns [token.SourceCLI].
func (*Source) Name() token.SourceName { return token.SourceCLI }

// Timeout returns [Options.Timeout] and, where the organization may have to be
// looked up first, the time for that.
func (s *Source) Timeout() time.Duration {
	if s.options.Organization == nil {
		return s.options.Timeout
	}
	return s.options.Timeout + s.options.OrganizationTimeout
}

// Slot waits until fewer than [Options.MaxParallel] runs go on. The error is
// the context's.
func (s *Source) Slot(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-s.slots }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Acquire has flyctl mint a token for req: with `tokens create deploy` for
// [token.AccessDeploy], else with `tokens create readonly`, which reads the whole
// organization and has to be told which one. The candidate's expiry is what was
// asked for; the token's own, where it can be read, is the better one. The error
// is a [*token.MissError], or the context's where the caller gave up.
func (s *Source) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	if err := req.Validate(); err != nil {
		return token.Candidate{}, err
	}
	if _, err := s.programs.first(); err != nil {
		return token.Candidate{}, err
	}
	login, err := s.options.Login(ctx)
	if err != nil {
		return token.Candidate{}, err
	}
	if req.Access != token.AccessDeploy && req.Organization == "" {
		if req.Organization, err = s.organization(ctx, req.App); err != nil {
			return token.Candidate{}, err
		}
	}
	started := time.Now().Round(0)
	name := token.MintName(req.App)
	t, warnings, err := s.mintWithAny(ctx, login, req, name)
	if err != nil {
		return token.Candidate{}, err
	}
	return token.Candidate{
		Record: token.Record{
			Token:      t,
			Origin:     token.SourceCLI,
			AcquiredAt: started,
			ExpiresAt:  started.Add(s.options.TokenTTL),
			MintName:   name,
		},
		Minted:   true,
		Warnings: warnings,
	}, nil
}

// organization looks up what flyctl must be told for a read-only token.
func (s *Source) organization(ctx context.Context, app string) (string, error) {
	unknown := &token.MissError{
		Reason: "flyctl makes read-only tokens for an organization, and none is known",
		Fix:    "set organization, or FLY_ORG",
	}
	if s.options.Organization == nil {
		return "", unknown
	}
	ctx, cancel := context.WithTimeout(ctx, s.options.OrganizationTimeout)
	defer cancel()
	slug, err := s.options.Organization(ctx, app)
	if err != nil {
		unknown.Temporary = isTemporary(err)
		unknown.Reason = "the app's organization, which flyctl has to be told, could not be looked up: " + err.Error()
		unknown.Cause = err
		return "", unknown
	}
	return slug, nil
}

// isTemporary reports whether an error says that it is.
func isTemporary(err error) bool {
	var says interface{ Temporary() bool }
	var miss *token.MissError
	return errors.As(err, &says) && says.Temporary() || errors.As(err, &miss) && miss.Temporary || errors.Is(err, context.DeadlineExceeded)
}

// mintWithAny mints with the first program that is flyctl.
func (s *Source) mintWithAny(ctx context.Context, login token.Token, req token.Request, name string) (token.Token, []token.Warning, error) {
	for {
		program, err := s.programs.first()
		if err != nil {
			return token.Token{}, nil, err
		}
		t, warnings, err := s.mint(ctx, program, login, req, name)
		if other := new(otherProgramError); errors.As(err, &other) {
			s.programs.reject(program, err)
			continue
		}
		return t, append(warnings, s.programs.warnings()...), err
	}
}

// mint runs flyctl in a folder of its own and reads what it printed.
func (s *Source) mint(ctx context.Context, program string, login token.Token, req token.Request, name string) (t token.Token, warnings []token.Warning, err error) {
	s.sweepOnce()
	folder, err := makeFolder(s.options.TempDir)
	if err != nil {
		return token.Token{}, nil, err
	}
	defer func() {
		folder.release()
		if s.remove(folder.path) == nil {
			return
		}
		if left := leftFolder(folder.path); err == nil {
			warnings = []token.Warning{left}
		} else {
			err = fmt.Errorf("%w. %s", err, left.Detail)
		}
	}()
	args := arguments(req, s.options.TokenTTL, name)
	ended := func(int, error) {}
	if s.options.Observe != nil {
		ctx, ended = s.options.Observe(ctx, program, args)
	}
	out, err := run(ctx, command{
		program:  program,
		args:     args,
		dir:      folder.work,
		environ:  environ(s.options.Environ, folder.work, login, req.Organization),
		timeout:  s.options.Timeout,
		deadline: s.deadline,
	})
	ended(out.status, err)
	if err != nil {
		return token.Token{}, nil, err
	}
	if suspicious(out) {
		if err := s.checkProgram(ctx, program, folder.work, out, req, login); err != nil {
			return token.Token{}, nil, err
		}
	}
	if out.status != 0 {
		return token.Token{}, nil, failure(out, req, login)
	}
	t, err = parseOutput(out.stdout)
	return t, nil, err
}

// subcommand is the command that mints for req.
func subcommand(req token.Request) []string {
	if req.Access == token.AccessDeploy {
		return []string{"tokens", "create", "deploy", "--app", req.App}
	}
	return []string{"tokens", "create", "readonly"}
}

// arguments are those of the run that mints for req. The expiry is the text of
// a Go duration, the only form that flyctl takes; left out, it is 20 years.
func arguments(req token.Request, ttl time.Duration, name string) []string {
	return append(subcommand(req), "--expiry", ttl.String(), "--name", name)
}
