package token

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// appPattern is what Fly accepts for the name of an app. Nothing else becomes a
// path or an argument.
var appPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
})

// ErrInvalidRequest is wrapped by the errors of [Request.Validate] and [ValidateApp].
var ErrInvalidRequest = errors.New("invalid request")

// Access is what a token must be able to do, and all that it may.
type Access string

const (
	// AccessAny takes whatever the chain yields first.
	AccessAny Access = ""
	// AccessReadOnly reads the app and nothing else.
	AccessReadOnly Access = "readonly"
	// AccessDeploy does everything inside the app, and what deploying needs.
	AccessDeploy Access = "deploy"
)

// Request is what a caller asks for. It is comparable: two callers with equal
// requests share one acquisition.
type Request struct {
	// App is the app's name.
	App string
	// Access is the guarantee asked for.
	Access Access
	// Organization is the slug of the organization the app belongs to, "" where
	// it is not known.
	Organization string
}

// organizationPlace begins the place of a request for an organization. No app's
// name has an underscore.
const organizationPlace = "organization_"

// Place names the storage document of what is announced for r: that of its app,
// or that of its organization if r names no app.
func (r Request) Place() string {
	if r.App != "" {
		return r.App
	}
	return organizationPlace + r.Organization
}

// ValidatePlace returns an error that wraps [ErrInvalidRequest] when place is none
// that [Request.Place] returns for a valid app or organization.
func ValidatePlace(place string) error {
	if slug, ok := strings.CutPrefix(place, organizationPlace); ok {
		return ValidateOrganization(slug)
	}
	return ValidateApp(place)
}

// AppOf returns the app of a [Request.Place]; "" for an organization's.
func AppOf(place string) string {
	if strings.HasPrefix(place, organizationPlace) {
		return ""
	}
	return place
}

// ValidateApp returns an error that wraps [ErrInvalidRequest] when name cannot
// be the name of a Fly app: up to 63 lower-case letters, digits and hyphens,
// with no hyphen at either end.
func ValidateApp(name string) error {
	if appPattern().MatchString(name) {
		return nil
	}
	return fmt.Errorf("%w: %.80q is not the name of a Fly app: up to 63 lower-case letters, digits and hyphens, with no hyphen at either end", ErrInvalidRequest, name)
}

// organizationPattern is that of a slug: like an app's name, but without its
// limit of length. "personal" is one.
var organizationPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,126}[a-z0-9])?$`)
})

// ValidateOrganization returns an error that wraps [ErrInvalidRequest] when slug
// cannot be the slug of a Fly organization.
func ValidateOrganization(slug string) error {
	if organizationPattern().MatchString(slug) {
		return nil
	}
	return fmt.Errorf("%w: %.80q is not the slug of a Fly organization: lower-case letters, digits and hyphens, as `fly orgs list` shows it", ErrInvalidRequest, slug)
}

// Validate returns an error that wraps [ErrInvalidRequest] when r cannot be
// asked for.
func (r Request) Validate() error {
	if err := ValidateApp(r.App); err != nil {
		return err
	}
	if r.Organization != "" {
		if err := ValidateOrganization(r.Organization); err != nil {
			return err
		}
	}
	switch r.Access {
	case AccessAny, AccessReadOnly, AccessDeploy:
		return nil
	default:
		return fmt.Errorf("%w: %.80q is no access: readonly, deploy, or none", ErrInvalidRequest, string(r.Access))
	}
}
