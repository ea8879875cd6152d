//go:build unix

package flyctl

import (
	"io/fs"
	"os"
	"syscall"
)

// isOurs reports whether a folder belongs to this user and is closed to all
// others.
func isOurs(_ string, info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm() == 0o700
}
