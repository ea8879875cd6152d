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

var (
	_ token.Source = (*ConfigSource)(nil)
	_ token.Source = (*EnvSource)(nil)
)

// ConfigSource is the source "config": it returns the login in flyctl's
// config.yml. Create one with [NewConfigSource].
type ConfigSource struct{ settings Settings }

// NewConfigSource returns the source "config". It reads the file again at each
// Acquire: flyctl rewrites it, and its macaroons are valid for ten minutes
// (superfly/flyctl, internal/config/tokens).
func NewConfigSource(s Settings) *ConfigSource { return &ConfigSource{settings: s} }

// Name returns [token.SourceConfig].
func (*ConfigSource) Name() token.SourceName { return token.SourceConfig }

// Timeout is ten seconds: five for the file, and five to look an organization up.
func (*ConfigSource) Timeout() time.Duration { return configTimeout + organizationTimeout }

// Acquire returns the live macaroons of config.yml with their discharges, else
// its OAuth token. The error is a [*token.MissError] that describes the file's
// fault, or the context's.
func (c *ConfigSource) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	login, err := c.settings.fileLogin(ctx)
	if err != nil {
		return token.Candidate{}, err
	}
	return c.settings.candidate(ctx, login, token.SourceConfig, req)
}

// EnvSource is the source "env": it returns the login that is set in the
// provider block or in the environment. Create one with [NewEnvSource].
type EnvSource struct{ settings Settings }

// NewEnvSource returns the source "env".
func NewEnvSource(s Settings) *EnvSource { return &EnvSource{settings: s} }

// Name returns [token.SourceEnv].
func (*EnvSource) Name() token.SourceName { return token.SourceEnv }

// Timeout is six seconds, of which five are to look an organization up.
func (*EnvSource) Timeout() time.Duration { return envTimeout + organizationTimeout }

// Acquire returns the live macaroons of the explicit login with their discharges,
// else its OAuth token. The error is a [*token.MissError].
func (e *EnvSource) Acquire(ctx context.Context, req token.Request) (token.Candidate, error) {
	login, err := e.settings.Explicit()
	if err != nil {
		return token.Candidate{}, err
	}
	return e.settings.candidate(ctx, login, token.SourceEnv, req)
}

// candidate returns the part of the login that the request's app may use.
func (s Settings) candidate(ctx context.Context, l Login, origin token.SourceName, req token.Request) (token.Candidate, error) {
	t, err := l.handOut(time.Now(), func(live macaroon.Bundle) macaroon.Bundle {
		return s.ownOrganization(ctx, live, req)
	})
	if err != nil {
		return token.Candidate{}, err
	}
	return token.Candidate{
		Record:   token.Record{Token: t, Origin: origin},
		From:     l.From,
		Broad:    broad(t),
		Warnings: l.warnings,
	}, nil
}

// broad reports whether a login gives access to more than one app.
func broad(t token.Token) bool {
	if t.IsOAuth() {
		return true
	}
	bundle, err := macaroon.ParseBundle(t.Reveal())
	if err != nil {
		return true
	}
	return !bundle.IsOneApp()
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
