package flyconfig

import (
	"context"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// configTimeout bounds one read of config.yml: the wait for flyctl's lock,
	// the repeated reads, and a home folder on a slow network.
	configTimeout = 5 * time.Second
	// envTimeout bounds the work in memory.
	envTimeout = time.Second
	// organizationTimeout bounds the lookup of an app's organization, for a
	// login that is valid for several.
	organizationTimeout = 5 * time.Second
)

var _ token.Source = (*Source)(nil)

// Source is the source "config" or "env". Create one with [NewConfigSource] or
// [NewEnvSource].
type Source struct {
	name     token.SourceName
	timeout  time.Duration
	settings Settings
	login    func(context.Context) (Login, error)
}

// NewConfigSource returns the source "config": it returns the login in flyctl's
// config.yml. It reads the file again at each Acquire: flyctl rewrites it, and its
// macaroons are valid for ten minutes (superfly/flyctl, internal/config/tokens).
func NewConfigSource(s Settings) *Source {
	return &Source{token.SourceConfig, configTimeout, s, s.fileLogin}
}

// NewEnvSource returns the source "env": it returns the login that is set in the
// provider block or in the environment.
func NewEnvSource(s Settings) *Source {
	return &Source{token.SourceEnv, envTimeout, s, func(context.Context) (Login, error) { return s.Explicit() }}
}

// Name returns [token.SourceConfig] or [token.SourceEnv].
func (s *Source) Name() token.SourceName { return s.name }

// Timeout is five seconds for the file, or one for the environment, and five to
// look an organization up.
func (s *Source) Timeout() time.Duration { return s.timeout + organizationTimeout }

// Acquire returns the live macaroons of the login with their discharges, else its
// OAuth token. The error is a [*token.MissError] that describes the login's
// fault, or the context's.
func (s *Source) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	login, err := s.login(ctx)
	if err != nil {
		return token.Candidate{}, err
	}
	t, err := login.handOut(time.Now(), func(live macaroon.Bundle) macaroon.Bundle {
		return s.settings.ownOrganization(ctx, live, req)
	})
	if err != nil {
		return token.Candidate{}, err
	}
	return token.Candidate{
		Record:   token.Record{Token: t, Origin: s.name},
		From:     login.From,
		Broad:    broad(t),
		Warnings: login.warnings,
	}, nil
}

// broad reports whether a login gives access to more than one app.
func broad(t token.Token) bool {
	bundle, err := macaroon.ParseBundle(t.Reveal())
	return err != nil || !bundle.IsOneApp()
}

// ownOrganization picks the macaroons of the request's organization. If the
// organization is unknown, it returns all of them: Fly accepts a request that
// any of them allows.
func (s Settings) ownOrganization(ctx context.Context, live macaroon.Bundle, req token.Request) macaroon.Bundle {
	if _, one := live.OrganizationID(); one || live.IsEmpty() || s.OrganizationNumber == nil {
		return live
	}
	ctx, cancel := context.WithTimeout(ctx, organizationTimeout)
	defer cancel()
	number, err := s.OrganizationNumber(ctx, req)
	if err != nil {
		return live
	}
	return live.ForOrganization(number)
}
