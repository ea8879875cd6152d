package flyctl

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// lookup returns the absolute path of the program that path names. The error is
// a [*token.MissError].
func lookup(path, searchPath string) (string, error) {
	if filepath.Base(path) != path && path != "" {
		return lookupPath(path)
	}
	names := []string{path}
	if path == "" || path == "fly" {
		names = []string{"fly", "flyctl"}
	}
	var unusable error
	for _, name := range names {
		for _, dir := range filepath.SplitList(searchPath) {
			// A folder that is relative to wherever Terraform was started
			// holds whatever lies there.
			if !filepath.IsAbs(dir) {
				continue
			}
			program, err := executable(filepath.Join(dir, name))
			if err == nil {
				return program, nil
			}
			if errors.Is(err, fs.ErrPermission) && unusable == nil {
				unusable = err
			}
		}
	}
	if unusable != nil {
		return "", unusable
	}
	return "", &token.MissError{
		Reason: "no `" + strings.Join(names, "` or `") + "` on PATH",
		Fix:    fixInstall,
		Cause:  exec.ErrNotFound,
	}
}

const fixInstall = "install flyctl, or set cli.path"

// lookupPath takes path as it is. It is made absolute, because flyctl runs in
// another folder than the provider.
func lookupPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", &token.MissError{Reason: "cannot tell where " + path + " is", Fix: "set cli.path to an absolute path", Cause: err}
	}
	return executable(abs)
}

// executable returns path, with the extension that Windows wants, if it can be
// run.
func executable(path string) (string, error) {
	program, err := exec.LookPath(path)
	if err == nil {
		return program, nil
	}
	info, statErr := os.Stat(path)
	switch {
	case statErr == nil && info.IsDir():
		return "", &token.MissError{Reason: path + " is a folder", Fix: "set cli.path to flyctl itself", Cause: err}
	case errors.Is(err, fs.ErrPermission):
		return "", &token.MissError{Reason: path + " is not executable", Fix: "run `chmod +x` on it, or set cli.path", Cause: err}
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return "", &token.MissError{Reason: "there is no " + path, Fix: fixInstall, Cause: err}
	default:
		return "", &token.MissError{Reason: "cannot run " + path, Fix: fixInstall, Cause: err}
	}
}
