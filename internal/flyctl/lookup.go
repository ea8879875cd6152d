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

// Find reports whether path names a program that can be run: a file, or a name that
// is looked up in the folders of searchPath. The error says why not.
func Find(path, searchPath string) error {
	_, err := lookup(path, searchPath)
	var miss *token.MissError
	if errors.As(err, &miss) {
		return errors.New(miss.Reason) // its fix is to set the path
	}
	return err
}

// lookup returns the absolute paths of the programs that path names, in the
// order in which to try them. fly is also the name of other programs, so flyctl
// follows it. The error is a [*token.MissError].
func lookup(path, searchPath string) ([]string, error) {
	if filepath.Base(path) != path && path != "" {
		// flyctl runs in a different folder than the provider.
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, &token.MissError{Reason: "cannot make " + path + " absolute", Fix: "set cli.path to an absolute path", Cause: err}
		}
		program, err := executable(abs)
		return []string{program}, err
	}
	names := []string{path}
	if path == "" || path == "fly" {
		names = []string{"fly", "flyctl"}
	}
	var found []string
	var unusable error
	for _, name := range names {
		program, err := lookupName(name, searchPath)
		if err == nil {
			found = append(found, program)
		} else if !errors.Is(err, exec.ErrNotFound) && unusable == nil {
			unusable = err
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case unusable != nil:
		return nil, unusable
	default:
		return nil, &token.MissError{
			Reason: "no `" + strings.Join(names, "` or `") + "` on PATH",
			Fix:    fixInstall,
			Cause:  exec.ErrNotFound,
		}
	}
}

// lookupName returns the first program of that name in the folders of
// searchPath. The error is exec.ErrNotFound, or the reason why the first file
// of that name cannot be run.
func lookupName(name, searchPath string) (string, error) {
	unusable := exec.ErrNotFound
	for _, dir := range filepath.SplitList(searchPath) {
		// A relative folder depends on the working directory of Terraform, and
		// may hold any file.
		if !filepath.IsAbs(dir) {
			continue
		}
		program, err := executable(filepath.Join(dir, name))
		if err == nil {
			return program, nil
		}
		if errors.Is(err, fs.ErrPermission) && errors.Is(unusable, exec.ErrNotFound) {
			unusable = err
		}
	}
	return "", unusable
}

const fixInstall = "install flyctl, or set cli.path"

// executable returns path, with the extension that Windows needs, if it can be
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
		return "", &token.MissError{Reason: "not found: " + path, Fix: fixInstall, Cause: err}
	default:
		return "", &token.MissError{Reason: "cannot run " + path, Fix: fixInstall, Cause: err}
	}
}
