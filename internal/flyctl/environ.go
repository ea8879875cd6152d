package flyctl

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// allowed are the variables of the provider's environment that flyctl sees.
// Variables that change flyctl's behaviour are left out, except the address of
// Fly's API. FLY_API_TOKEN, LOG_LEVEL and FLY_GHA_ERROR_ANNOTATION would print
// tokens or annotations.
var allowed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ",
	// Only the LC_ names of POSIX: SSH servers accept any such name, and people
	// send secrets in them.
	"LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
	// The addresses of Fly, and the network settings.
	"FLY_API_BASE_URL", "FLY_FLAPS_BASE_URL",
	"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
	"http_proxy", "https_proxy", "all_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	// Version managers put a shim on PATH that finds flyctl by these.
	"ASDF_DIR", "ASDF_DATA_DIR", "MISE_DATA_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
	// Without these, Windows programs do not start or have no network.
	"SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "USERPROFILE",
	"APPDATA", "LOCALAPPDATA", "ProgramData", "ProgramFiles",
}

func environ(parent []string, dir string, login token.Token, organization string) []string {
	var env []string
	home := false
	for _, entry := range parent {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || !isAllowed(name) || value == "" {
			continue
		}
		if name == "HOME" {
			if !filepath.IsAbs(value) {
				continue // It would be relative to the private folder.
			}
			home = true
		}
		env = append(env, entry)
	}
	if !home {
		// Without one flyctl does not start (superfly/flyctl, helpers.GetConfigDirectory).
		env = append(env, "HOME="+dir)
	}
	// Temporary files of flyctl and its children are removed with the folder.
	env = append(
		env,
		"TMPDIR="+dir, "TMP="+dir, "TEMP="+dir,
		"FLY_CONFIG_DIR="+dir,
		"FLY_ACCESS_TOKEN="+login.Reveal(),
		"FLY_NO_UPDATE_CHECK=1",
		"FLY_NO_INCIDENTS_CHECK=1",
		"FLY_SEND_METRICS=0",
		"FLY_SYNTHETICS_AGENT=0",
		"NO_COLOR=1",
	)
	if organization != "" {
		// A variable, because this command has --org only since v0.4.44.
		env = append(env, "FLY_ORG="+organization)
	}
	return env
}

func isAllowed(name string) bool {
	if runtime.GOOS == "windows" {
		return slices.ContainsFunc(allowed, func(p string) bool { return strings.EqualFold(p, name) })
	}
	return slices.Contains(allowed, name)
}
