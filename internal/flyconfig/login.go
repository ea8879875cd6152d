package flyconfig

import (
	"context"
	"errors"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// errNoExplicitLogin marks a login that is not set, as opposed to a malformed one.
var errNoExplicitLogin = errors.New("no explicit login")

// Login is the login that flyctl itself would use.
type Login struct {
	// Token is the whole bundle: macaroons, discharges and OAuth tokens alike.
	Token token.Token
	// From is its origin: access_token, FLY_ACCESS_TOKEN, FLY_API_TOKEN, or the
	// path of config.yml.
	From string
	// Explicit is true if the provider block or the environment sets it, and
	// false if it comes from config.yml.
	Explicit bool
	warnings []token.Warning
}

// Login returns the explicit login, else that of config.yml. The error is a
// [*token.MissError] if there is none or if it has expired, or the context's.
// An explicit login that is malformed or expired is an error: config.yml does
// not replace it. Unlike flyctl, Login ignores last_login: it says when the
// user logged in, not whether the token is valid.
func (s Settings) Login(ctx context.Context) (Login, error) {
	login, err := s.Explicit()
	if errors.Is(err, errNoExplicitLogin) {
		login, err = s.fileLogin(ctx)
	}
	if err != nil {
		return Login{}, err
	}
	if err := login.checkLive(time.Now()); err != nil {
		return Login{}, err
	}
	return login, nil
}

// fileLogin returns the login of config.yml, even if it has expired.
func (s Settings) fileLogin(ctx context.Context) (Login, error) {
	path, err := s.Locate()
	if err != nil {
		return Login{}, err
	}
	return readLogin(ctx, path)
}
