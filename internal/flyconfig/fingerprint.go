package flyconfig

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/macaroon"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// Fingerprint identifies the login on every machine, or is "" without one. For
// config.yml it depends only on the permission macaroons, because flyctl renews
// their discharges every few minutes. An expired login keeps its fingerprint.
func (s Settings) Fingerprint(ctx context.Context) string {
	login, err := s.Explicit()
	if err == nil {
		return login.Token.Fingerprint()
	}
	if !errors.Is(err, errNoExplicitLogin) {
		return ""
	}
	if login, err = s.fileLogin(ctx); err != nil {
		return ""
	}
	return lasting(login.Token).Fingerprint()
}

// lasting returns the part of a login that flyctl does not renew.
func lasting(login token.Token) token.Token {
	bundle, err := macaroon.ParseBundle(login.Reveal())
	if err != nil {
		return login
	}
	var permissions []string
	for _, grant := range bundle.Grants() {
		permissions = append(permissions, grant.Permission.Reveal())
	}
	slices.Sort(permissions)
	if part, err := token.Parse(strings.Join(permissions, ",")); err == nil {
		return part
	}
	return login
}
