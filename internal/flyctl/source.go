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

// Options configure how flyctl is found and run.
type Options struct {
	// Path is the program. "" or "fly" means fly, then flyctl, which also
	// follows if fly is not flyctl. Any other bare name is looked up unchanged.
	// A path with a separator is used unchanged.
	Path string
	// SearchPath is the PATH in which a bare name is looked for. Relative
	// folders in it are skipped.
	SearchPath string
	// Timeout bounds one run of flyctl.
	Timeout time.Duration
	// MaxParallel bounds the concurrent runs; a value below one means one.
	MaxParallel int
	// TokenTTL is the requested lifetime of a minted token.
	TokenTTL time.Duration
	// Login returns flyctl's login. It is called at each Acquire and must be
	// set. If it fails, its error is the source's miss, and no process is
	// started.
	Login func(ctx context.Context) (token.Token, error)
	// Organization returns the slug of the organization to mint in, and checks
	// the one that a request names. It is nil if organizations cannot be looked
	// up. If it fails, its error is the source's miss, and no process is started.
	Organization func(ctx context.Context, req token.Request) (slug string, err error)
	// OrganizationTimeout bounds one call of Organization.
	OrganizationTimeout time.Duration
	// Environ is the environment of the provider, as os.Environ returns it.
	// Only the variables that flyctl needs are passed on.
	Environ []string
	// Observe, if set, is called for each run of flyctl with its path and
	// arguments. It returns the context for the run and a function that
	// receives the exit status, or the error if there is none.
	Observe func(ctx context.Context, program string, args []string) (context.Context, func(status int, err error))
	// TempDir is the parent of a run's private folder; "" means the system's
	// folder for temporary files.
	TempDir string
}

// Source is the source "cli". Create one with [New].
type Source struct {
	options  Options
	slots    chan struct{}
	programs *programs
	// deadline bounds a run. Tests replace it to end runs without waiting.
	deadline deadline
	remove   func(dir string) error
	// sweepOnce starts, at its first call, the removal of the folders that
	// killed providers have left. It does not wait for the end.
	sweepOnce func()
}

var (
	_ token.Source  = (*Source)(nil)
	_ token.Limiter = (*Source)(nil)
	_ token.Minter  = (*Source)(nil)
)

// New returns the source "cli". It looks for flyctl once, at the first Acquire.
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

// Timeout returns [Options.Timeout] plus the time for a lookup of the
// organization, if one may be needed.
func (s *Source) Timeout() time.Duration {
	if s.options.Organization == nil {
		return s.options.Timeout
	}
	return s.options.Timeout + s.options.OrganizationTimeout
}

// Slot waits until fewer than [Options.MaxParallel] runs are active. The error
// is the context's.
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

// Acquire is [Source.Mint] under a new name.
func (s *Source) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	return s.Mint(ctx, req, token.MintName(req))
}

// Mint mints a token for req with flyctl: with `tokens create deploy` for
// [token.AccessDeploy], else with `tokens create readonly`, which needs the
// organization and can read all of it. The candidate's expiry is the requested
// one; the expiry in the token, if it can be read, is more accurate. The error
// is a [*token.MissError], or the context's if the caller gave up. It wraps
// [token.ErrMintUncertain] if flyctl ran, and it is not certain that Fly refused.
func (s *Source) Mint(ctx context.Context, req token.Request, name string) (token.Candidate, error) {
	if err := validate(req); err != nil {
		return token.Candidate{}, err
	}
	if _, err := s.programs.first(); err != nil {
		return token.Candidate{}, err
	}
	login, err := s.options.Login(ctx)
	if err != nil {
		return token.Candidate{}, err
	}
	if req.Access != token.AccessDeploy {
		if req.Organization, err = s.organization(ctx, req); err != nil {
			return token.Candidate{}, err
		}
	}
	started := time.Now().Round(0)
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

// validate is [token.Request.Validate], for requests without an app, too.
func validate(req token.Request) error {
	if req.App == "" {
		return token.ValidateOrganization(req.Organization)
	}
	return req.Validate()
}

func (s *Source) organization(ctx context.Context, req token.Request) (string, error) {
	if req.App == "" || s.options.Organization == nil && req.Organization != "" {
		return req.Organization, nil
	}
	unknown := &token.MissError{
		Reason: "flyctl needs an organization for a read-only token, and none is set",
		Fix:    "set organization, or FLY_ORG",
	}
	if s.options.Organization == nil {
		return "", unknown
	}
	bounded, cancel := context.WithTimeout(ctx, s.options.OrganizationTimeout)
	defer cancel()
	slug, err := s.options.Organization(bounded, req)
	var miss *token.MissError
	switch {
	case err == nil:
		return slug, nil
	case req.Organization == "":
		unknown.Temporary = token.IsTemporary(err)
		unknown.Reason = "cannot look up the app's organization, which flyctl needs: " + err.Error()
		unknown.Cause = err
		return "", unknown
	case errors.As(err, &miss):
		return "", miss
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	default:
		return req.Organization, nil // it could not be checked in time
	}
}

func (s *Source) mintWithAny(ctx context.Context, login token.Token, req token.Request, name string) (token.Token, []token.Warning, error) {
	for {
		program, err := s.programs.first()
		if err != nil {
			return token.Token{}, nil, err
		}
		t, warnings, err := s.mint(ctx, program, login, req, name)
		if errors.Is(err, errOtherProgram) {
			s.programs.reject(program, err)
			continue
		}
		return t, append(warnings, s.programs.warnings()...), err
	}
}

// mint runs flyctl in a private folder and reads its output.
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

func subcommand(req token.Request) []string {
	if req.Access == token.AccessDeploy {
		return []string{"tokens", "create", "deploy", "--app", req.App}
	}
	return []string{"tokens", "create", "readonly"}
}

// arguments are those of the run that mints for req. The expiry is the text of
// a Go duration, the only form that flyctl accepts. Without it, flyctl uses 20
// years.
func arguments(req token.Request, ttl time.Duration, name string) []string {
	return append(subcommand(req), "--expiry", ttl.String(), "--name", name)
}
