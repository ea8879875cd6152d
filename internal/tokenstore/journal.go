package tokenstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// announcedPrefix begins the name of a mint's file.
const announcedPrefix = "mint-"

// ownerPrefix begins the name of the file that a process locks for as long as it
// lives, once it has announced a mint.
const ownerPrefix = "owner-"

// announced is a mint's file.
type announced struct {
	Schema       int            `json:"schema"`
	API          string         `json:"api"`
	App          string         `json:"app"`
	Access       token.Access   `json:"access"`
	Organization string         `json:"organization"`
	Name         string         `json:"name"`
	Kind         token.MintKind `json:"kind"`
	ID           string         `json:"id,omitempty"`
	ExpiresAt    time.Time      `json:"expires_at"`
	Owner        string         `json:"owner"`
	Workspace    string         `json:"workspace,omitempty"`
	Spec         string         `json:"spec,omitempty"`
	Replaces     string         `json:"replaces,omitempty"`
	Delivered    bool           `json:"delivered,omitempty"`
}

// Announce records a mint before Fly is asked for it. It is on disk when Announce
// returns. The error is a [*WriteError].
func (s *Store) Announce(ctx context.Context, m token.Mint) error {
	if err := s.claimOwner(ctx); err != nil {
		return err
	}
	return s.change(ctx, m.Request.App, func() error { return s.writeAnnounced(m) })
}

// Identify records Fly's identifier of an announced mint's token.
func (s *Store) Identify(ctx context.Context, app, name, id string) error {
	return s.changeAnnounced(ctx, app, name, func(m *token.Mint) { m.ID = id })
}

// Deliver records that the engine was given a mint's token, and that this process
// ended normally afterwards.
func (s *Store) Deliver(ctx context.Context, app, name string) error {
	return s.changeAnnounced(ctx, app, name, func(m *token.Mint) { m.Delivered = true })
}

// Settle forgets a mint. One that is not announced is settled. The error is a
// [*WriteError].
func (s *Store) Settle(ctx context.Context, app, name string) error {
	return s.change(ctx, app, func() error { return s.forget(app, name) })
}

// SettleID forgets the mints whose token has that identifier. Where there is none,
// nothing is written.
func (s *Store) SettleID(ctx context.Context, app, id string) error {
	mints, err := s.Announced(ctx, app)
	if err != nil || id == "" {
		return err
	}
	for _, m := range mints {
		if m.ID != id {
			continue
		}
		if err := s.Settle(ctx, app, m.Name); err != nil {
			return err
		}
	}
	return nil
}

// Announced returns the mints for app, whatever their access, that were announced
// and not settled. Those at another API than the store's are left out, and so is
// what cannot be read. The error is a [*ReadError].
func (s *Store) Announced(ctx context.Context, app string) ([]token.Mint, error) {
	if err := ready(ctx, app); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.folder(app))
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, &ReadError{Path: s.folder(app), Err: bare(err)}
	}
	var mints []token.Mint
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), announcedPrefix) {
			continue
		}
		m, err := s.readAnnounced(app, filepath.Join(s.folder(app), entry.Name()))
		if err == nil {
			mints = append(mints, m)
		}
	}
	slices.SortFunc(mints, func(a, b token.Mint) int { return strings.Compare(a.Name, b.Name) })
	return mints, nil
}

// Owner identifies this process in what it announces.
func (s *Store) Owner() string { return s.owner }

// Alive reports whether the process that announced as owner is alive, and whether
// that is certain: it is not on a file system without locks.
func (s *Store) Alive(ctx context.Context, owner string) (alive, certain bool) {
	if owner == s.owner {
		return true, true
	}
	if !ownerPattern().MatchString(owner) {
		return false, false
	}
	path := s.ownerPath(owner)
	if _, err := os.Lstat(path); err != nil {
		return false, absent(err) && s.claimOwner(ctx) == nil && !s.lockless.Load()
	}
	file := flock.New(path, flock.SetFlag(lockFlags), flock.SetPermissions(fileMode))
	var locked bool
	err := s.step("lock", path, func() (err error) { locked, err = file.TryLock(); return err })
	if err != nil || s.lockless.Load() {
		return false, false
	}
	if locked {
		_ = s.remove(path) // an owner that is gone needs no file
		_ = file.Unlock()
	}
	return !locked, true
}

// claimOwner locks this process's file. It is done once; a file system without
// locks is used without.
func (s *Store) claimOwner(ctx context.Context) error {
	if err := s.makeRuns(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ownerLock != nil || s.lockless.Load() {
		return nil
	}
	path := s.ownerPath(s.owner)
	file := flock.New(path, flock.SetFlag(lockFlags), flock.SetPermissions(fileMode))
	err := s.step("lock", path, func() error { return poll(ctx, file) })
	switch {
	case err == nil:
		s.ownerLock = file
	case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK):
		s.lockless.Store(true)
	default:
		return &WriteError{Op: "lock", Path: path, Err: err}
	}
	return nil
}

// ownerPattern is the shape of an owner: it becomes part of a file's name.
var ownerPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z2-7]{26}$`) })

func (s *Store) ownerPath(owner string) string { return filepath.Join(s.runs(), ownerPrefix+owner) }

// changeAnnounced changes a mint that is announced. One that is not stays so.
func (s *Store) changeAnnounced(ctx context.Context, app, name string, change func(*token.Mint)) error {
	return s.change(ctx, app, func() error {
		m, err := s.readAnnounced(app, s.announcedPath(app, name))
		if err != nil {
			return ignoreMissing(err)
		}
		change(&m)
		return s.writeAnnounced(m)
	})
}

func (s *Store) writeAnnounced(m token.Mint) error {
	data, err := json.Marshal(announced{
		Schema: schemaVersion, API: s.scope.APIBaseURL, App: m.Request.App, Access: m.Request.Access,
		Organization: m.Request.Organization, Name: m.Name, Kind: m.Kind, ID: m.ID, ExpiresAt: m.ExpiresAt.UTC(),
		Owner: m.Owner, Workspace: m.Workspace, Spec: m.Spec, Replaces: m.Replaces, Delivered: m.Delivered,
	})
	if err != nil {
		return err
	}
	return s.replace(s.announcedPath(m.Request.App, m.Name), nil, data)
}

func (s *Store) forget(app, name string) error {
	if err := s.remove(s.announcedPath(app, name)); err != nil {
		return err
	}
	return s.syncFolder(s.folder(app))
}

// errForeign says that a mint was announced for another API.
var errForeign = errors.New("it was minted elsewhere")

func (s *Store) readAnnounced(app, path string) (token.Mint, error) {
	data, err := s.readFile(app, path)
	if err != nil {
		return token.Mint{}, err
	}
	var a announced
	if json.Unmarshal(data, &a) != nil || a.Schema != schemaVersion || a.Name == "" {
		return token.Mint{}, errMalformed
	}
	if a.API != s.scope.APIBaseURL || a.App != app {
		return token.Mint{}, errForeign
	}
	return token.Mint{
		Request: token.Request{App: a.App, Access: a.Access, Organization: a.Organization},
		Name:    a.Name, Kind: a.Kind, ID: a.ID, ExpiresAt: a.ExpiresAt, Owner: a.Owner,
		Workspace: a.Workspace, Spec: a.Spec, Replaces: a.Replaces, Delivered: a.Delivered,
	}, nil
}

// announcedPath is made of a hash: a name may hold anything.
func (s *Store) announcedPath(app, name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(s.folder(app), announcedPrefix+hex.EncodeToString(sum[:16])+".json")
}
