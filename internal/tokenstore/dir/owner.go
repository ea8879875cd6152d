package dir

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

const (
	ownerPrefix = "process-"
	// unlocked is the prefix of the identity of a process that could not take a
	// lock.
	unlocked = "unlocked-"
)

// Owner implements [tokenstore.Backend]. A process holds a lock named after its
// identity until it ends.
func (b *Backend) Owner() string { return b.identity() }

func (b *Backend) newOwner() string {
	for range 3 {
		id := host() + "-" + strings.ToLower(rand.Text())
		if b.makeRuns() != nil {
			break
		}
		path := b.ownerPath(id)
		file := flock.New(path, flock.SetFlag(lockFlags), flock.SetPermissions(fileMode))
		ok := false
		err := b.step("lock", path, func() (err error) { ok, err = file.TryLock(); return err })
		if err != nil || !ok {
			break
		}
		// Another process may have removed the file before it was locked.
		if _, err := os.Lstat(path); err == nil {
			b.ownerLock = file
			return id
		}
		_ = file.Close()
	}
	return unlocked + strings.ToLower(rand.Text())
}

func (b *Backend) ownerPath(id string) string { return filepath.Join(b.runs(), ownerPrefix+id) }

// host names this machine. It is uncertain whether a process of a different
// machine lives, because a shared file system may have separate locks for each
// machine.
func host() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:6])
}

// Alive implements [tokenstore.Backend]. The process lives if its lock is held.
func (b *Backend) Alive(_ context.Context, owner string) (alive, certain bool) {
	name, random, ok := strings.Cut(owner, "-")
	if !ok || name == "" || name != host() || strings.ContainsFunc(random, outsideName) {
		return false, false
	}
	if owner == b.Owner() {
		return true, true
	}
	// This process's own lock shows whether the file system has locks.
	if b.lockless.Load() || strings.HasPrefix(b.Owner(), unlocked) {
		return false, false
	}
	path := b.ownerPath(owner)
	if _, err := os.Lstat(path); err != nil {
		return false, absent(err)
	}
	file := flock.New(path, flock.SetFlag(lockFlags), flock.SetPermissions(fileMode))
	free := false
	err := b.step("lock", path, func() (err error) { free, err = file.TryLock(); return err })
	if err != nil {
		return false, false
	}
	if free {
		_ = file.Close()
		_ = os.Remove(path)
	}
	return !free, true
}

func outsideName(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }
