package flyapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// clockSkew is how far Fly's clock may be behind. It moves the start of a
// window back, so that the window has begun there too.
const clockSkew = 5 * time.Minute

var _ token.Limiter = (*Issuer)(nil)

// Issuer mints tokens for requests over Fly's API with the user's login,
// without flyctl.
type Issuer struct {
	directory *Directory
	slots     chan struct{}
	// scoped holds the logins that Fly refused as scoped, so that a hundred
	// apps do not cause a hundred refusals.
	mu     sync.Mutex
	scoped map[mintedWith]*token.MissError
}

// mintedWith is a login and the organization to mint in.
type mintedWith struct{ fingerprint, organization string }

// NewIssuer returns an issuer for one run, the lifetime of the directory, whose
// client and login it mints with.
func NewIssuer(directory *Directory) *Issuer {
	return &Issuer{
		directory: directory,
		slots:     make(chan struct{}, cap(directory.client.slots)),
		scoped:    make(map[mintedWith]*token.MissError),
	}
}

// Slot waits until fewer than [Config.MaxParallel] tokens are being issued.
func (s *Issuer) Slot(ctx context.Context) (release func(), err error) {
	select {
	case s.slots <- struct{}{}:
		return func() { <-s.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Issued is a token that was minted for a request.
type Issued struct {
	token.Candidate
	// Repeated means that the call was sent more than once: other tokens of the
	// same name may exist.
	Repeated bool
}

// Issue mints a token for req with this name, valid for ttl. Without a kind, it
// mints a deploy token of the app for access deploy. Otherwise it mints a token of
// the organization and narrows it offline to reading, as `fly tokens create
// readonly` does. For a kind, req names an app with access deploy, or an
// organization alone. A token that does not prove its kind is an error. The error
// wraps an [*UncertainError] if Fly may have made the token.
func (s *Issuer) Issue(ctx context.Context, req token.Request, kind *TokenKind, name string, ttl time.Duration) (Issued, error) {
	login, err := s.directory.login(ctx)
	if err != nil {
		return Issued{}, miss(err)
	}
	if login.IsZero() {
		return Issued{}, &token.MissError{
			Reason: "no login to mint with",
			Fix:    "run `fly auth login`, or set FLY_API_TOKEN",
		}
	}
	organization, app, err := s.target(ctx, req)
	if err != nil {
		return Issued{}, miss(err)
	}
	minted, err := s.mint(ctx, login, MintRequest{Name: name, OrganizationID: organization.ID, AppID: app.ID, TTL: ttl})
	if err != nil {
		return Issued{}, miss(err)
	}
	c, err := candidate(minted, ttl, func(b macaroon.Bundle) (macaroon.Bundle, error) { return kind.from(b, organization, app) })
	if err != nil {
		return Issued{}, miss(&UncertainError{ID: minted.ID, Repeated: minted.repeated, Err: err})
	}
	c.MintName = name
	return Issued{Candidate: c, Repeated: minted.repeated}, nil
}

// target finds the organization to mint in and, for a token of one app, the app.
func (s *Issuer) target(ctx context.Context, req token.Request) (Organization, App, error) {
	if req.App == "" {
		organization, err := s.directory.Organization(ctx, req.Organization)
		return organization, App{}, err
	}
	app, err := s.directory.App(ctx, req.App)
	switch {
	case err == nil:
		err = misplaced(req, app)
	case req.Access != token.AccessAny:
	case req.Organization != "": // enough to mint with, also before the app exists
		organization, err := s.directory.Organization(ctx, req.Organization)
		return organization, App{}, err
	case errors.Is(err, ErrNoSuchApp):
		err = organizationless(err)
	}
	if err != nil {
		return Organization{}, App{}, err
	}
	if req.Access == token.AccessDeploy {
		return app.Organization, app, nil
	}
	return app.Organization, App{}, nil
}

// misplaced is the miss for an app that does not belong to the organization of
// req: a token minted there could not open it.
func misplaced(req token.Request, app App) error {
	if req.Organization == "" || app.Organization.Is(req.Organization) {
		return nil
	}
	return &token.MissError{
		Reason: fmt.Sprintf("app %q belongs to organization %q, not to %q", req.App, app.Organization.Slug, req.Organization),
		Fix:    "correct `organization` or FLY_ORG, or omit it",
	}
}

// organizationless is the miss for an app that cannot be seen, if its
// organization alone would have been enough.
func organizationless(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	return &token.MissError{
		Reason: e.withoutFix(),
		Fix:    "check the app's name and the login, or set `organization` if the app does not exist yet",
		Cause:  err,
	}
}

// mint mints, unless the login is known to be scoped. Only Fly can decide
// whether macaroons can mint: those of a session can, those of a scoped token
// cannot.
func (s *Issuer) mint(ctx context.Context, login token.Token, m MintRequest) (Minted, error) {
	with := mintedWith{login.Fingerprint(), m.OrganizationID}
	s.mu.Lock()
	known, ok := s.scoped[with]
	s.mu.Unlock()
	if ok {
		return Minted{}, known
	}
	minted, err := s.directory.client.Mint(ctx, login, m)
	var refusal *Error
	if err == nil || !errors.As(err, &refusal) || !refuses(refusal) || hasOAuth(login) {
		return minted, err
	}
	scoped := &token.MissError{
		Reason: "Fly refused to mint with this login, and scoped tokens cannot mint other tokens: " + refusal.Reason,
		Fix:    "mint with a user's login: run `fly auth login`, or set FLY_API_TOKEN to its fo1_ token",
		Cause:  err,
	}
	s.mu.Lock()
	s.scoped[with] = scoped
	s.mu.Unlock()
	return Minted{}, scoped
}

func refuses(e *Error) bool {
	return e.kind == ErrUnauthenticated || e.kind == ErrNotPermitted || e.kind == ErrInvalid
}

func hasOAuth(tok token.Token) bool {
	if tok.IsOAuth() {
		return true
	}
	bundle, err := macaroon.ParseBundle(tok.Reveal())
	return err == nil && bundle.HasOAuth()
}

// candidate narrows the minted token. Its lifetime never exceeds the requested
// one, even if Fly's token is valid for longer.
func candidate(minted Minted, ttl time.Duration, to func(macaroon.Bundle) (macaroon.Bundle, error)) (token.Candidate, error) {
	now := time.Now()
	bundle, err := macaroon.ParseBundle(minted.Token.Reveal())
	if err == nil {
		bundle, err = to(bundle)
	}
	if err != nil {
		return token.Candidate{}, unreadable(err)
	}
	latest := now.Add(ttl)
	expiry := bundle.Expiry(now)
	if expiry.IsZero() || expiry.After(latest) {
		if bundle, err = bundle.Attenuate(macaroon.Window(now.Add(-clockSkew), latest)); err != nil {
			return token.Candidate{}, unreadable(err)
		}
	}
	tok, err := token.Parse(bundle.Reveal())
	if err != nil {
		return token.Candidate{}, unreadable(err)
	}
	return token.Candidate{
		Record: token.Record{
			Token: tok, Origin: token.SourceAPI, AcquiredAt: now, ExpiresAt: bundle.Expiry(now), ID: minted.ID,
		},
		Minted: true,
	}, nil
}

// unreadable is the miss for a token of Fly's that cannot be narrowed.
func unreadable(err error) error {
	return &token.MissError{Reason: "Fly minted a token that cannot be narrowed: " + err.Error(), Cause: err}
}

// miss turns an error into a miss of the source.
func miss(err error) error {
	var worded *token.MissError
	if errors.As(err, &worded) {
		return &token.MissError{Reason: worded.Reason, Fix: worded.Fix, Cause: err}
	}
	var e *Error
	if errors.As(err, &e) {
		return &token.MissError{Reason: e.withoutFix(), Fix: e.Fix, Cause: err}
	}
	return err
}
