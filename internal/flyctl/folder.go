package flyctl

import (
	"fmt"
	"os"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// removeTries and removePause bound how often, and how long apart, the removal
// of a folder is tried. A process that was killed may still be dying, and with
// it a write into the folder; Windows holds on to its files until it has.
const (
	removeTries = 40
	removePause = 25 * time.Millisecond
)

// makeFolder makes the private folder of one run, mode 0700.
func makeFolder(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, "terraform-provider-fly-")
	if err != nil {
		return "", &token.MissError{
			Reason: fmt.Sprintf("cannot make a folder to run flyctl in: %v", err),
			Fix:    "make room in the folder for temporary files, or point TMPDIR at one that can be written",
			Cause:  err,
		}
	}
	return dir, nil
}

// removeFolder removes the folder of a run that is over.
func removeFolder(dir string) error {
	var err error
	for range removeTries {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(removePause)
	}
	return err
}

// leftFolder tells of a folder that could not be removed.
func leftFolder(dir string) token.Warning {
	return token.Warning{
		Summary: "Folder with a Fly Token Was Not Removed",
		Detail:  "flyctl ran in " + dir + " and may have written a token to a log in it. The folder could not be removed afterwards: remove it by hand.",
	}
}
