package flyconfig

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// configName is the name of flyctl's configuration file (superfly/flyctl,
// internal/config: FileName).
const configName = "config.yml"

// Environment is the part of the process's environment that decides which login
// flyctl uses.
type Environment struct {
	// ConfigDir is FLY_CONFIG_DIR. It counts if it is set at all, even to the
	// empty string (superfly/flyctl, helpers.GetConfigDirectory).
	ConfigDir string
	// ConfigDirSet reports whether FLY_CONFIG_DIR is set.
	ConfigDirSet bool
	// Home is the user's home folder, "" if the system has none.
	Home string
	// AccessToken is FLY_ACCESS_TOKEN. Empty is unset.
	AccessToken string
	// APIToken is FLY_API_TOKEN. Empty is unset.
	APIToken string
}

// Settings configure where a login may be found: in the provider block, then in
// the environment.
type Settings struct {
	// AccessToken is access_token of the provider block, "" where it is unset.
	AccessToken string
	// ConfigFile is config_file of the provider block with a leading ~ already
	// expanded, "" where it is unset.
	ConfigFile string
	// Environment is used if the provider block sets nothing.
	Environment Environment
	// OrganizationNumber returns the number of a request's organization, as in
	// macaroons. It is called only for a login of several organizations. It is
	// nil if the number cannot be looked up.
	OrganizationNumber func(ctx context.Context, req token.Request) (uint64, error)
}

// Locate returns the path of config.yml, whether or not there is such a file:
// config_file of the provider block, else the file in FLY_CONFIG_DIR, else the
// one in .fly in the home folder, as superfly/flyctl looks for it. The error is
// a [*token.MissError] if there is no such folder.
func (s Settings) Locate() (string, error) {
	env := s.Environment
	switch {
	case s.ConfigFile != "":
		return s.ConfigFile, nil
	case env.ConfigDirSet && env.ConfigDir == "":
		return "", &token.MissError{
			Reason: "FLY_CONFIG_DIR is set but empty, which flyctl refuses too",
			Fix:    "unset it, or set it to the folder of config.yml",
		}
	case env.ConfigDirSet:
		return filepath.Join(env.ConfigDir, configName), nil
	case env.Home == "":
		return "", &token.MissError{
			Reason: "the home folder is unknown, so flyctl's config.yml cannot be located",
			Fix:    "set HOME, FLY_CONFIG_DIR or config_file",
		}
	case !filepath.IsAbs(env.Home):
		return "", &token.MissError{
			Reason: "the home folder is a relative path, which leads into the project",
			Fix:    "set HOME to an absolute path, or set FLY_CONFIG_DIR or config_file",
		}
	default:
		return filepath.Join(env.Home, ".fly", configName), nil
	}
}

// Explicit returns the login that the provider block or the environment sets. A
// value of only white space counts as unset. The error is a [*token.MissError]:
// no login is set, or its value does not have the form of a Fly token. The
// error names the variable or argument and never quotes the value.
func (s Settings) Explicit() (Login, error) {
	for _, c := range []struct{ name, value string }{
		{"access_token", s.AccessToken},
		{"FLY_ACCESS_TOKEN", s.Environment.AccessToken},
		{"FLY_API_TOKEN", s.Environment.APIToken},
	} {
		if strings.TrimSpace(c.value) == "" {
			continue
		}
		t, err := token.Parse(c.value)
		if err != nil {
			return Login{}, &token.MissError{
				Reason: c.name + " is " + err.Error(),
				Fix:    "set it to the whole token, or unset it",
				Cause:  err,
			}
		}
		return Login{Token: t, From: c.name, Explicit: true}, nil
	}
	return Login{}, &token.MissError{
		Reason: "no access_token, FLY_ACCESS_TOKEN or FLY_API_TOKEN is set",
		Fix:    "set one of them to a Fly token",
		Cause:  errNoExplicitLogin,
	}
}
