package tokenstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flytokens/terraform-provider-fly/internal/token"
)

// announcedPrefix begins the name of a mint's file.
const announcedPrefix = "mint-"

// Mint is a token that Fly was about to be asked for. What is kept of it opens
// nothing: the token is not known when it is written.
type Mint struct {
	// Request is what it is for.
	Request token.Request
	// Name is what Fly lists it by. No other token has it.
	Name string
	// ExpiresAt is when it ends, if it was made.
	ExpiresAt time.Time
}

// announced is a mint's file.
type announced struct {
	Schema       int          `json:"schema"`
	API          string       `json:"api"`
	App          string       `json:"app"`
	Access       token.Access `json:"access"`
	Organization string       `json:"organization"`
	Name         string       `json:"name"`
	ExpiresAt    time.Time    `json:"expires_at"`
}

// LockMints keeps others, in this process and elsewhere, from minting for app
// until unlock is called or this process ends: the mints that
// [Store.AnnouncedMints] lists meanwhile are nobody's any more. It waits for as
// long as ctx lasts. The error is a [*WriteError] where nothing can be written.
func (s *Store) LockMints(ctx context.Context, app string) (unlock func(), err error) {
	if err := ready(ctx, app); err != nil {
		return nil, err
	}
	if err := s.makeRuns(); err != nil {
		return nil, err
	}
	return s.lockPath(ctx, app, filepath.Join(s.runs(), "mints-"+app))
}

// AnnounceMint writes a mint down before Fly is asked for it. It is on disk when
// AnnounceMint returns. The error is a [*WriteError].
func (s *Store) AnnounceMint(ctx context.Context, m Mint) error {
	return s.change(ctx, m.Request.App, func() error {
		data, err := json.Marshal(announced{
			Schema: schemaVersion, API: s.scope.APIBaseURL, App: m.Request.App, Access: m.Request.Access,
			Organization: m.Request.Organization, Name: m.Name, ExpiresAt: m.ExpiresAt.UTC(),
		})
		if err != nil {
			return err
		}
		return s.replace(s.announcedPath(m), nil, data)
	})
}

// SettleMint forgets a mint: its token is in good hands, or there is none. One
// that is not announced is settled. The error is a [*WriteError].
func (s *Store) SettleMint(ctx context.Context, m Mint) error {
	return s.change(ctx, m.Request.App, func() error {
		if err := s.remove(s.announcedPath(m)); err != nil {
			return err
		}
		return s.syncFolder(s.folder(m.Request.App))
	})
}

// AnnouncedMints returns the mints for app, whatever their access, that were
// announced and not settled. Those at another API than the store's are left out,
// and so is what cannot be read. The error is a [*ReadError].
func (s *Store) AnnouncedMints(ctx context.Context, app string) ([]Mint, error) {
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
	var mints []Mint
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), announcedPrefix) {
			continue
		}
		m, err := s.readAnnounced(app, filepath.Join(s.folder(app), entry.Name()))
		if err == nil {
			mints = append(mints, m)
		}
	}
	slices.SortFunc(mints, func(a, b Mint) int { return strings.Compare(a.Name, b.Name) })
	return mints, nil
}

// errForeign says that a mint is another's to look after.
var errForeign = errors.New("it was minted elsewhere")

func (s *Store) readAnnounced(app, path string) (Mint, error) {
	data, err := s.readFile(app, path)
	if err != nil {
		return Mint{}, err
	}
	var a announced
	if json.Unmarshal(data, &a) != nil || a.Schema != schemaVersion || a.Name == "" {
		return Mint{}, errMalformed
	}
	if a.API != s.scope.APIBaseURL || a.App != app {
		return Mint{}, errForeign
	}
	req := token.Request{App: a.App, Access: a.Access, Organization: a.Organization}
	return Mint{Request: req, Name: a.Name, ExpiresAt: a.ExpiresAt}, nil
}

// announcedPath is made of a hash: a name may hold anything.
func (s *Store) announcedPath(m Mint) string {
	sum := sha256.Sum256([]byte(m.Name))
	return filepath.Join(s.folder(m.Request.App), announcedPrefix+hex.EncodeToString(sum[:16])+".json")
}
