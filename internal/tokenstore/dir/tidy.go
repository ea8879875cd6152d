package dir

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

const (
	// tempAge is the age above which a temporary file is unused, even without
	// locks: a write takes milliseconds.
	tempAge = time.Hour
	// tidyWait bounds the wait for a folder's lock, whose holder tidies up too.
	tidyWait = 100 * time.Millisecond
)

// Tidy removes the temporary files that killed processes left in any app's
// folder, because they may hold a token. It also removes the locks of ended
// processes. It stops when ctx ends and reports no failures: a later call tries
// again.
func (b *Backend) Tidy(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.tidy(ctx)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		// A disk that hangs does not react to ctx.
	}
}

func (b *Backend) tidy(ctx context.Context) {
	b.tidyProcesses(ctx)
	apps, err := os.ReadDir(b.apps())
	if err != nil {
		return
	}
	for _, entry := range apps {
		app, ours := strings.CutPrefix(entry.Name(), appPrefix)
		if ctx.Err() != nil {
			return
		}
		if !ours || !entry.IsDir() || token.ValidateApp(app) != nil || len(b.temps(app)) == 0 {
			continue
		}
		waiting, cancel := context.WithTimeout(ctx, tidyWait)
		if unlock, err := b.lock(waiting, filepath.Join(b.folder(app), lockFile)); err == nil {
			b.sweep(app)
			unlock()
		}
		cancel()
	}
}

// tidyProcesses calls Alive for each process that left a lock, which removes
// the locks of ended processes.
func (b *Backend) tidyProcesses(ctx context.Context) {
	entries, err := os.ReadDir(b.runs())
	if err != nil {
		return
	}
	for _, entry := range entries {
		if owner, ours := strings.CutPrefix(entry.Name(), ownerPrefix); ours && ctx.Err() == nil {
			b.Alive(ctx, owner)
		}
	}
}

// temps lists the temporary files in the app's folder.
func (b *Backend) temps(app string) []fs.DirEntry {
	entries, err := os.ReadDir(b.folder(app))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(entries, func(entry fs.DirEntry) bool {
		return !strings.HasPrefix(entry.Name(), tempPrefix) || !entry.Type().IsRegular()
	})
}

// sweep removes temporary files that a killed process left in the app's folder.
// The caller holds the lock, which every writer needs, so none of them is in
// use. It reports no failures: a later call tries again.
func (b *Backend) sweep(app string) {
	for _, entry := range b.temps(app) {
		info, err := entry.Info()
		if err == nil && (!b.lockless.Load() || time.Since(info.ModTime()) > tempAge) {
			_ = os.Remove(filepath.Join(b.folder(app), entry.Name()))
		}
	}
}
