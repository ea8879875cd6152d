//go:build darwin || freebsd || linux

package provider

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// lockedFile identifies a file that the process pid has locked, or returns "".
// An engine locks the state file that it is going to write.
func lockedFile(name string, pid int) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil || lock.Type == syscall.F_UNLCK || int(lock.Pid) != pid {
		return ""
	}
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d:%d:%d", sys.Dev, sys.Ino, info.Size(), info.ModTime().UnixNano())
}
