package token

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalidRequest is wrapped by the errors of [Request.Validate] and [ValidateApp].
var ErrInvalidRequest = errors.New("invalid request")

// Access is the set of permissions that a token must have and must not exceed.
type Access string

const (
	// AccessAny accepts the first token that is found.
	AccessAny Access = ""
	// AccessReadOnly is for reading the app and nothing else.
	AccessReadOnly Access = "readonly"
	// AccessDeploy is for everything inside the app, and the features that
	// deploying needs.
	AccessDeploy Access = "deploy"
)

// Request is a caller's request. It is comparable: two callers with equal
// requests share one acquisition.
type Request struct {
	// App is the app's name.
	App string
	// Access is the requested access.
	Access Access
	// Organization is the slug of the app's organization, "" if unknown.
	Organization string
}

// organizationPlace is the prefix of the place of a request for an
// organization. No app's name has an underscore.
const organizationPlace = "organization_"

// Place names the storage document for announcements of r: that of its app, or
// that of its organization if r names no app.
func (r Request) Place() string {
	if r.App != "" {
		return r.App
	}
	return organizationPlace + r.Organization
}

// ValidatePlace returns an error that wraps [ErrInvalidRequest] unless
// [Request.Place] can return place for a valid app or organization.
func ValidatePlace(place string) error {
	if slug, ok := strings.CutPrefix(place, organizationPlace); ok {
		return ValidateOrganization(slug)
	}
	return ValidateApp(place)
}

// At returns the request for the app or the organization of a [Request.Place].
func At(place string) Request {
	if slug, ok := strings.CutPrefix(place, organizationPlace); ok {
		return Request{Organization: slug}
	}
	return Request{App: place}
}

// Subject names the app of r, or its organization if r names no app, for messages.
func (r Request) Subject() string {
	if r.App != "" {
		return fmt.Sprintf("app %q", r.App)
	}
	return fmt.Sprintf("organization %q", r.Organization)
}

// isSlug reports whether s is up to limit lower-case letters, digits and hyphens, with no
// hyphen at either end. No other text becomes a path or an argument.
func isSlug(s string, limit int) bool {
	return s != "" && len(s) <= limit && s == strings.Trim(s, "-") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// ValidateApp returns an error that wraps [ErrInvalidRequest] if name cannot be
// the name of a Fly app.
func ValidateApp(name string) error {
	if isSlug(name, 63) {
		return nil
	}
	return fmt.Errorf("%w: %.80q is not the name of a Fly app: up to 63 lower-case letters, digits and hyphens, with no hyphen at either end", ErrInvalidRequest, name)
}

// ValidateOrganization returns an error that wraps [ErrInvalidRequest] if slug
// cannot be the slug of a Fly organization. Fly documents no limit of its length.
func ValidateOrganization(slug string) error {
	if isSlug(slug, 128) {
		return nil
	}
	return fmt.Errorf("%w: %.80q is not the slug of a Fly organization: lower-case letters, digits and hyphens, as `fly orgs list` shows it", ErrInvalidRequest, slug)
}

// Validate returns an error that wraps [ErrInvalidRequest] if r is invalid.
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
		return fmt.Errorf("%w: invalid access %.80q: use readonly or deploy, or omit it", ErrInvalidRequest, string(r.Access))
	}
}
