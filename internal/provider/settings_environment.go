package provider

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/flyctl"
	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// variable returns the environment variable that replaces an argument, or "".
// The argument's check applies to it, and an invalid value is an error of the
// provider's configuration.
func (r *settingsReader) variable(name, attribute string, complaint func(value string) string) string {
	value := r.set.environment.get(name)
	if value == "" {
		return ""
	}
	if problem := complaint(value); problem != "" {
		r.diags.AddError(summaryConfigure, fmt.Sprintf(
			"The environment variable %s, which replaces the provider argument %s, is invalid. %s Correct %[1]s, unset it, or set %[2]s in the provider block.", name, attribute, problem))
		return ""
	}
	return value
}

// checkLogin warns about a login in the environment that is not a token. The
// other sources are still used.
func (r *settingsReader) checkLogin(explicit bool) {
	if explicit {
		return
	}
	for _, name := range []string{"FLY_ACCESS_TOKEN", "FLY_API_TOKEN"} {
		value := r.set.environment.get(name)
		if strings.TrimSpace(value) == "" {
			continue
		}
		if problem := flyTokenComplaint(value); problem != "" {
			r.diags.AddWarning("Unable to Use "+name, fmt.Sprintf(
				"The environment variable %s is not a Fly token. %s Until then the environment provides no login.", name, problem))
		}
		return
	}
}

// checkProxy warns about a proxy that net/http would misinterpret, because its
// errors would name Fly's hosts and not the variable.
func (r *settingsReader) checkProxy() {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		value := r.set.environment.get(name)
		if value == "" {
			continue
		}
		if !validProxy(value) {
			r.set.invalidProxy = name
			r.diags.AddWarning("Unable to Use "+name, fmt.Sprintf(
				"The environment variable %s is not the address of a proxy. Requests to Fly ignore it, or fail. "+
					"Set it to an address such as http://proxy.example.com:3128, or unset it. Its value is not shown, because it may contain a password.", name))
		}
		return
	}
}

// validProxy reports whether value is an address of a proxy, with or without a
// scheme.
func validProxy(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return false
		}
	}
	return slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}

// checkFile warns if the file in an argument does not exist. Its source would
// otherwise fail silently while a different source has a token.
func (r *settingsReader) checkFile(attribute, file, without string) {
	if file == "" {
		return
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		r.diags.AddWarning("Unable to Find the File of "+attribute, fmt.Sprintf(
			"The provider argument %s names a file that does not exist: %s. Until it exists, %s. Correct %[1]s, or omit it to use the default.", attribute, file, without))
	}
}

// checkProgram is [settingsReader.checkFile] for the program in cli.path, which
// may also be a name on PATH.
func (r *settingsReader) checkProgram() {
	if r.set.cli.path == "" {
		return
	}
	if err := flyctl.Find(r.set.cli.path, r.set.environment.get("PATH")); err != nil {
		r.diags.AddWarning("Unable to Find the Program of cli.path", fmt.Sprintf(
			"The provider argument cli.path names a program that cannot be run: %s. No token comes from flyctl. Correct cli.path, or omit it to use the default.", err))
	}
}

// defaultStorage returns the storage folder for a configuration without one. If
// the system names none, storage is off, and a warning explains the
// consequences.
func (r *settingsReader) defaultStorage() string {
	env := r.set.environment
	if filepath.IsAbs(env.configDir) {
		return filepath.Join(env.configDir, "terraform-provider-fly")
	}
	r.set.noStorage = env.noConfigDir()
	if slices.Contains(r.set.sources, token.SourceStorage) || slices.Contains(r.set.sources, token.SourceManual) {
		r.diags.AddWarning("Unable to Use Token Storage", fmt.Sprintf(
			"Storage is off, because %s. Every run mints new tokens, fly_manual_token cannot save a token, "+
				"and after a crash the provider cannot find a token that fly_deploy_token minted. %s", r.set.noStorage, setStorage))
	}
	return ""
}

// setStorage is the advice for turning storage on.
const setStorage = "Set storage.path in the provider block, or the environment variable FLY_TOKEN_STORAGE."

// noConfigDir is the reason why the environment names no folder for storage. A
// relative one is refused, because token records would be written into the
// project.
func (e environment) noConfigDir() string {
	name := "HOME"
	switch {
	case runtime.GOOS == "windows":
		name = "AppData"
	case runtime.GOOS != "darwin" && e.get("XDG_CONFIG_HOME") != "":
		name = "XDG_CONFIG_HOME"
	}
	if e.get(name) == "" {
		return "the environment variable " + name + " is not set"
	}
	return "the environment variable " + name + " is not an absolute path"
}
